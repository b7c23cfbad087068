// SPDX-License-Identifier: Apache-2.0
// Lets `burst` lines pass at once, then one in each `every`, and counts those left out. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "longthrow/time.h"

namespace longthrow {

class LineBudget {
 public:
  static constexpr Duration kNoteEvery = std::chrono::hours(2);

  LineBudget(std::uint64_t burst, Duration every) : burst_(burst), every_(every), left_(burst) {}

  // May one more be said?
  [[nodiscard]] bool take(TimePoint now) {
    refill(now);
    if (left_ == 0) {
      if (left_out_++ == 0) left_out_since_ = now;
      return false;
    }
    --left_;
    return true;
  }
  // Nothing was said for so long that all may be said again.
  [[nodiscard]] bool full(TimePoint now) {
    refill(now);
    return left_ == burst_;
  }
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }
  std::uint64_t take_left_out() { return std::exchange(left_out_, 0); }
  // How many were left out: now and then, if any were.
  [[nodiscard]] std::optional<std::uint64_t> look(TimePoint now) {
    if (left_out_ == 0 || now - left_out_since_ < kNoteEvery) return std::nullopt;
    return take_left_out();
  }

 private:
  void refill(TimePoint now) {
    if (left_ == burst_) {
      refilled_at_ = now;
      return;
    }
    const auto steps = static_cast<std::uint64_t>((now - refilled_at_) / every_);
    left_ = std::min(burst_, left_ + steps);
    refilled_at_ += every_ * steps;
  }

  std::uint64_t burst_;
  Duration every_;
  std::uint64_t left_;
  TimePoint refilled_at_{};
  std::uint64_t left_out_ = 0;
  TimePoint left_out_since_{};
};

}  // namespace longthrow
