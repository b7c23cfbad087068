// SPDX-License-Identifier: Apache-2.0
// Rates for people and for decisions. Pure.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

#include "longthrow/time.h"

namespace longthrow {

// Bytes per second, smoothed over about 2 s.
class RateMeter {
 public:
  void update(Duration interval, std::uint64_t total_bytes) {
    const double seconds = std::chrono::duration<double>(interval).count();
    if (seconds <= 0) return;
    const double now = static_cast<double>(total_bytes - last_total_bytes_) / seconds;
    last_total_bytes_ = total_bytes;
    rate_ += (now - rate_) * (1 - std::exp(-seconds / 2.0));
  }
  [[nodiscard]] double bytes_s() const { return rate_; }

 private:
  std::uint64_t last_total_bytes_ = 0;
  double rate_ = 0.0;
};

}  // namespace longthrow
