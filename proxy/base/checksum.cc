// SPDX-License-Identifier: Apache-2.0
#define XXH_INLINE_ALL
#include "proxy/base/checksum.h"

#include <xxhash.h>

namespace longthrow {

std::uint64_t checksum64(ByteView bytes, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace longthrow
