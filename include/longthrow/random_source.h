// SPDX-License-Identifier: Apache-2.0
// Where unpredictable bits come from: getrandom(2), or a seed in the simulator.
#pragma once

#include <cstdint>

#include "longthrow/bytes.h"

namespace longthrow {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(ByteSpan bytes) = 0;

  [[nodiscard]] std::uint64_t next_u64() {
    std::uint64_t value = 0;
    fill(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  // Uniform enough for jitter: 0 <= result < bound. REQUIRES: bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return next_u64() % bound; }
};

}  // namespace longthrow
