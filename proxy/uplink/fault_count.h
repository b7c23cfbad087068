// SPDX-License-Identifier: Apache-2.0
// A peer that breaks the protocol loses the lane on which it did so. It may send the same again on
// the next lane, which is refused again. So a peer that goes on loses its session. Pure.
#pragma once

#include "longthrow/time.h"

namespace longthrow {

class FaultCount {
 public:
  static constexpr int kMax = 8;
  static constexpr Duration kMemory = std::chrono::hours(1);

  // Counts one fault. True: there were kMax of them, each within kMemory of the one before. Then
  // the count begins anew.
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
