// SPDX-License-Identifier: Apache-2.0
// Time as types. The core never reads a clock: time comes in as an argument.
#pragma once

#include <chrono>

namespace longthrow {

using Duration = std::chrono::nanoseconds;

// The monotonic clock of one node (CLOCK_MONOTONIC; virtual in the simulator). `Loop::now` reads
// it.
struct MonotonicClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};
using TimePoint = MonotonicClock::time_point;

// Civil time of one node, only for what people read. It may jump.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

inline constexpr TimePoint kNever = TimePoint::max();

// For people, and for arithmetic on rates.
[[nodiscard]] constexpr double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace longthrow
