// SPDX-License-Identifier: Apache-2.0
// Limits bytes per second. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "longthrow/time.h"

namespace longthrow {

// The `bandwidth` setting: at most `bytes_s`, in bursts of 20 ms or one frame.
class TokenBucket {
 public:
  void set_rate(std::uint64_t bytes_s) { bytes_s_ = bytes_s; }
  [[nodiscard]] std::uint64_t rate() const { return bytes_s_; }
  [[nodiscard]] bool may_send(TimePoint now) {
    refill(now);
    return bytes_s_ == 0 || tokens_ > 0;
  }
  void sent(std::uint64_t bytes) {
    if (bytes_s_ != 0) tokens_ -= static_cast<double>(bytes);
  }
  // When may_send is true again. REQUIRES: it is false.
  [[nodiscard]] TimePoint ready_at() const {
    const double wait_s = (1.0 - tokens_) / static_cast<double>(bytes_s_);
    return refilled_at_ +
           std::chrono::duration_cast<Duration>(std::chrono::duration<double>(wait_s));
  }

 private:
  void refill(TimePoint now) {
    const double seconds = seconds_of(now - refilled_at_);
    refilled_at_ = now;
    const auto rate = static_cast<double>(bytes_s_);
    tokens_ = std::min(tokens_ + seconds * rate, rate * 0.02);
  }
  std::uint64_t bytes_s_ = 0;
  double tokens_ = 0.0;
  TimePoint refilled_at_{};
};

}  // namespace longthrow
