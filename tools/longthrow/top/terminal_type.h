// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace longthrow::cli {

// Whether the terminal's type (TERM) is known here. Asked before newterm(), which keeps memory for
// itself where it is not (ncurses 6.4).
[[nodiscard]] bool terminal_is_known();

}  // namespace longthrow::cli
