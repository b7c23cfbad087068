// SPDX-License-Identifier: Apache-2.0
// The armed timers of one loop, earliest first; timers of one deadline fire in the order of arming.
// A binary heap in which each timer knows its place (`backend_tag`), so that arming, moving and
// disarming cost O(log n) and no allocation once the heap has grown. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "longthrow/loop.h"

namespace longthrow {

class TimerQueue {
 public:
  ~TimerQueue() { disarm_all(); }

  void arm(Timer& timer, TimePoint deadline);
  void disarm(Timer& timer);  // no effect when it is not armed
  void disarm_all();
  [[nodiscard]] std::optional<TimePoint> next() const;
  // Fires all that were due at `now` when the call began. Handlers may arm, disarm and destroy
  // timers; what they arm for the past waits for the next call.
  void fire_due(TimePoint now);

 private:
  struct Entry {
    TimePoint due;
    std::uint64_t sequence;
    Timer* timer;
  };
  [[nodiscard]] static bool earlier(const Entry& a, const Entry& b) {
    return a.due != b.due ? a.due < b.due : a.sequence < b.sequence;
  }
  void place(std::size_t index, const Entry& entry);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);
  void remove(std::size_t index);

  std::vector<Entry> heap_;
  std::uint64_t sequence_ = 0;
  std::optional<TimePoint> firing_;  // the `now` of the fire_due under way
};

}  // namespace longthrow
