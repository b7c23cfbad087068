// SPDX-License-Identifier: Apache-2.0
// A RandomSource of the simulated world.
#pragma once

#include <algorithm>
#include <cstring>

#include "longthrow/random_source.h"
#include "tests/sim/random_stream.h"

namespace longthrow::sim {

// Make one for each start of a process, or a restarted node repeats its incarnation.
class SimRandom final : public RandomSource {
 public:
  explicit SimRandom(RandomStream stream) : stream_(stream) {}
  void fill(ByteSpan bytes) override {
    while (!bytes.empty()) {
      const std::uint64_t word = stream_.next();
      const std::size_t length = std::min(bytes.size(), sizeof word);
      std::memcpy(bytes.data(), &word, length);
      bytes = bytes.subspan(length);
    }
  }

 private:
  RandomStream stream_;
};

}  // namespace longthrow::sim
