// SPDX-License-Identifier: Apache-2.0
// The documentation that is derived from the table of options. All of it is pure text.
#pragma once

#include <string>
#include <string_view>

#include "longthrow/error.h"

namespace longthrow {

// Plain text, for `longthrowd --help-config`.
[[nodiscard]] std::string render_reference();
// conf/longthrow.toml: loadable, and every key is in it with its default.
[[nodiscard]] std::string render_annotated_file();
// The options part of man/longthrow.toml.5, in roff.
[[nodiscard]] std::string render_man_options();
// The manual page with what stands between its two marker lines replaced by `options`.
[[nodiscard]] Result<std::string> with_man_options(std::string_view page, std::string_view options);

}  // namespace longthrow
