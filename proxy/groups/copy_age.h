// SPDX-License-Identifier: Apache-2.0
// As of when the copy of a group is, and how old it has become since. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "longthrow/time.h"

namespace longthrow {

// A node's civil time as it was at the node's start, plus what its monotonic clock has counted
// since: a civil clock that jumps later moves nothing that is compared with an earlier value.
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

// What a node knows of the sender's clock: it read `wall_ns` at the local time `at`, after at most
// `trip_max` on the way. A whole round trip: nobody knows how much slower one way is than the
// other, and a copy must not look younger than it is.
struct SenderClock {
  std::int64_t wall_ns = 0;
  TimePoint at{};
  Duration trip_max{0};
  std::int64_t civil_offset_ns = 0;  // what its civil clock is ahead of it
};

// The age of a copy. It is fixed whenever the sender's clock is known, and goes on by the local
// monotonic clock: also while the link is down and after its session.
class CopyAge {
 public:
  // Beyond this a peer's clock says nothing.
  static constexpr Duration kAgeMax = std::chrono::years(100);

  // The copy is as of `as_of_ns` on the sender's clock. Both are the peer's words: what cannot be
  // is not noted.
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
  // As an earlier start of the node knew it: its age is that of the civil clocks, as good as they
  // are.
  void restore(TimePoint now, WallTime civil, std::int64_t as_of_ns) {
    as_of_ns_ = as_of_ns;
    age_ = std::max(Duration(0), civil.time_since_epoch() - Duration(as_of_ns));
    at_ = now;
  }
  // On the sender's civil clock, as it shows now; 0: nothing was ever received.
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
