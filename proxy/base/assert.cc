// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>

#include "longthrow/error.h"

namespace longthrow {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace longthrow
