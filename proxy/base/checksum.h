// SPDX-License-Identifier: Apache-2.0
// The 64-bit checksum of a frame's raw bytes: XXH3-64 with a seed that binds it to its place in the
// stream, so that a frame that was stored or sent under another's name does not verify.
#pragma once

#include <cstdint>

#include "longthrow/bytes.h"

namespace longthrow {

[[nodiscard]] std::uint64_t checksum64(ByteView bytes, std::uint64_t seed) noexcept;

}  // namespace longthrow
