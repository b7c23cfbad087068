// SPDX-License-Identifier: Apache-2.0
// A file of its own: <term.h> defines words like `lines` and `columns`.
#include "tools/longthrow/top/terminal_type.h"

#include <curses.h>  // whose types <term.h> uses
#include <term.h>
#include <unistd.h>

namespace longthrow::cli {

bool terminal_is_known() {
  int error = 0;
  if (setupterm(nullptr, STDOUT_FILENO, &error) != OK) return false;
  del_curterm(cur_term);
  return true;
}

}  // namespace longthrow::cli
