// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "longthrow/error.h"

namespace longthrow {

void SystemRandom::fill(ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    LT_ASSERT(got > 0 || errno == EINTR);
    if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace longthrow
