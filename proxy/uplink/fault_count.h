// SPDX-License-Identifier: Apache-2.0
// A peer that breaks the protocol loses the lane on which it did. What it sends again on the next
// one is refused again, so a peer that goes on loses its session. Pure.
#pragma once

#include "longthrow/time.h"

namespace longthrow {

class FaultCount {
 public:
  static constexpr int kMax = 8;
  static constexpr Duration kMemory = std::chrono::hours(1);

  // One more fault. True: too many of them, each within kMemory of the one before; counts anew.
  [[nodiscard]] bool add(TimePoint now) {
    if (now - last_ > kMemory) count_ = 0;
    last_ = now;
    if (++count_ < kMax) return false;
    count_ = 0;
    return true;
  }

 private:
  int count_ = 0;
  TimePoint last_{};
};

}  // namespace longthrow
