// SPDX-License-Identifier: Apache-2.0
// Text that a peer chose, made fit for a log line, JSON, a metric's label and a terminal.
#pragma once

#include <string>
#include <string_view>

namespace longthrow {

// Visible ASCII and blanks stay; every other byte becomes \xNN, and a backslash \\, so that nothing
// can pose as something else.
[[nodiscard]] std::string escape_foreign(std::string_view text);

// A log's line is one line: control characters become \xNN. What is beyond ASCII stays.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace longthrow
