// SPDX-License-Identifier: Apache-2.0
// The documentation that is derived from the table of the status. All of it is pure text.
#pragma once

#include <string>
#include <string_view>

#include "longthrow/error.h"
#include "proxy/control/status_table.h"

namespace longthrow::control {

// The keys of the node, and those of a link, a group and a route, each with its path from the whole
// status: "links.NAME.buffer.used_bytes".
[[nodiscard]] std::vector<KeyDoc> status_keys();
// The tables of docs/CONTROL.md and docs/METRICS.md, in Markdown.
[[nodiscard]] std::string render_status_keys();
[[nodiscard]] std::string render_metrics();
// The document with what stands between its two marker lines replaced by `table`.
[[nodiscard]] Result<std::string> with_table(std::string_view document, std::string_view table);

}  // namespace longthrow::control
