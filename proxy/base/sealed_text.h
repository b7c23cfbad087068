// SPDX-License-Identifier: Apache-2.0
// Text of a small file of state that says itself whether it is whole: its last line has the
// checksum of all lines before it. A file that was cut short, or in which a byte has changed, is
// not taken for one that says something else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace longthrow {

// `lines` with the last line behind them. REQUIRES: each has its end, or there are none.
[[nodiscard]] std::string sealed_text(std::string lines);
// The lines before the last one. Nothing: the text is not as it was sealed.
[[nodiscard]] std::optional<std::string> unsealed_text(std::string_view text);

}  // namespace longthrow
