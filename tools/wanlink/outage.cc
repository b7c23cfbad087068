// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/outage.h"

#include <algorithm>

#include "longthrow/error.h"

namespace longthrow::wanlink {

void OutageSchedule::repeat(const Outage& outage) {
  LT_ASSERT(outage.length > Duration(0) && outage.length < outage.start);
  periodic_ = outage;
}

TimePoint OutageSchedule::scheduled_end(TimePoint time) const {
  TimePoint end = time;
  for (const Outage& outage : planned_) {
    const TimePoint begin = origin_ + outage.start;
    if (time >= begin && time < begin + outage.length) end = std::max(end, begin + outage.length);
  }
  if (periodic_.start > Duration(0) && time >= origin_ + periodic_.start) {
    const TimePoint begin = time - (time - origin_) % periodic_.start;
    if (time < begin + periodic_.length) end = std::max(end, begin + periodic_.length);
  }
  return end;
}

void OutageSchedule::command_up(TimePoint now) {
  held_down_ = false;
  commanded_until_ = TimePoint::min();
  overruled_until_ = scheduled_end(now);
}

bool OutageSchedule::down_at(TimePoint time) const {
  if (held_down_ || time < commanded_until_) return true;
  return time >= overruled_until_ && scheduled_end(time) > time;
}

TimePoint OutageSchedule::next_change(TimePoint time) const {
  TimePoint next = kNever;
  const auto consider = [&](TimePoint candidate) {
    if (candidate > time) next = std::min(next, candidate);
  };
  consider(commanded_until_);
  consider(overruled_until_);
  for (const Outage& outage : planned_) {
    consider(origin_ + outage.start);
    consider(origin_ + outage.start + outage.length);
  }
  if (periodic_.start > Duration(0)) {
    const TimePoint begin = time - (time - origin_) % periodic_.start;
    if (begin > origin_) consider(begin + periodic_.length);
    consider(begin + periodic_.start);
  }
  return next;
}

}  // namespace longthrow::wanlink
