// SPDX-License-Identifier: Apache-2.0
// As of when the copy of a group is, and how old it is. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "longthrow/time.h"

namespace longthrow {

// A node's civil time at its start, plus what its monotonic clock has counted since. When the civil
// clock jumps, times from before and after the jump can still be compared.
class SteadyCivilClock {
 public:
  SteadyCivilClock(WallTime civil, TimePoint now)
      : base_ns_(civil.time_since_epoch().count() - now.time_since_epoch().count()) {}
  [[nodiscard]] std::int64_t at_ns(TimePoint now) const {
    return base_ns_ + now.time_since_epoch().count();
  }

 private:
  std::int64_t base_ns_;
};

// What a node knows of the sender's clock: the clock read `wall_ns`, and this node learnt it at the
// local time `at`, at most `trip_max` later. `trip_max` is a whole round trip: nobody knows how
// much slower one way is than the other, and a copy must not look younger than it is.
struct SenderClock {
  std::int64_t wall_ns = 0;
  TimePoint at{};
  Duration trip_max{0};
  std::int64_t civil_offset_ns = 0;  // how far the sender's civil clock is ahead of `wall_ns`
};

// The age of a copy. note() sets it from the sender's clock. It then grows by the local monotonic
// clock, also while the link is down and after its session.
class CopyAge {
 public:
  // A larger age comes from a nonsensical clock of the peer, and is ignored.
  static constexpr Duration kAgeMax = std::chrono::years(100);

  // The copy is as of `as_of_ns` on the sender's clock. Both values come from the peer; impossible
  // ones are ignored.
  void note(TimePoint now, std::int64_t as_of_ns, const SenderClock& sender) {
    std::int64_t civil_ns = 0;
    std::int64_t behind_ns = 0;
    const bool nonsense = __builtin_add_overflow(as_of_ns, sender.civil_offset_ns, &civil_ns) ||
                          __builtin_sub_overflow(sender.wall_ns, as_of_ns, &behind_ns) ||
                          Duration(behind_ns) > kAgeMax;
    if (nonsense) return;
    as_of_ns_ = civil_ns;
    age_ = std::max(Duration(0), Duration(behind_ns) + (now - sender.at) + sender.trip_max);
    at_ = now;
  }
  // Restores what an earlier run of the node knew. The age is as good as the civil clocks are.
  void restore(TimePoint now, WallTime civil, std::int64_t as_of_ns) {
    as_of_ns_ = as_of_ns;
    age_ = std::max(Duration(0), civil.time_since_epoch() - Duration(as_of_ns));
    at_ = now;
  }
  // On the sender's civil clock as it is set now; 0: nothing was ever received.
  [[nodiscard]] std::int64_t as_of_ns() const { return as_of_ns_; }
  [[nodiscard]] std::optional<Duration> age(TimePoint now) const {
    if (as_of_ns_ == 0) return std::nullopt;
    return age_ + (now - at_);
  }

 private:
  std::int64_t as_of_ns_ = 0;
  Duration age_{0};
  TimePoint at_{};
};

}  // namespace longthrow
