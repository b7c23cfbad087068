// SPDX-License-Identifier: Apache-2.0
// When one direction is down: by plan, by period, by command. Pure: knows no clock.
#pragma once

#include <vector>

#include "longthrow/time.h"

namespace longthrow::wanlink {

// Relative to the emulator's start (planned), or one every `start` (periodic: length < start).
struct Outage {
  Duration start{0};
  Duration length{0};
};

class OutageSchedule {
 public:
  explicit OutageSchedule(TimePoint origin) : origin_(origin) {}

  void plan(const Outage& outage) { planned_.push_back(outage); }
  // The first outage begins one period after the origin. REQUIRES: 0 < length < start.
  void repeat(const Outage& outage);

  void command_down() { held_down_ = true; }
  void command_outage(TimePoint now, Duration length) { commanded_until_ = now + length; }
  // Ends whatever holds the line down now; later planned outages still come.
  void command_up(TimePoint now);

  // REQUIRES: calls come with time that does not go back.
  [[nodiscard]] bool down_at(TimePoint time) const;
  // The first moment after `time` at which down_at may differ; kNever if there is none.
  [[nodiscard]] TimePoint next_change(TimePoint time) const;

 private:
  // The end of the planned or periodic outage that covers `time`; `time` itself when there is none.
  [[nodiscard]] TimePoint scheduled_end(TimePoint time) const;

  TimePoint origin_;
  std::vector<Outage> planned_;
  Outage periodic_;
  bool held_down_ = false;
  TimePoint commanded_until_ = TimePoint::min();
  TimePoint overruled_until_ = TimePoint::min();  // "up" ended a scheduled outage early
};

}  // namespace longthrow::wanlink
