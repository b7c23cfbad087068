// SPDX-License-Identifier: Apache-2.0
// Knows which lanes must be dialled and when, and owns the dials under way.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "proxy/base/closing_list.h"
#include "proxy/uplink/dial.h"

namespace longthrow {

// Belongs to the loop's thread.
class Dialler {
 public:
  // `on_due` is called when it is time to dial a lane.
  Dialler(Loop& loop, ClosingList& closing, std::function<void(std::uint16_t lane_index)> on_due);
  ~Dialler() { loop_.disarm(timer_); }
  Dialler(const Dialler&) = delete;
  Dialler& operator=(const Dialler&) = delete;

  // Dials the lane at `at`. An earlier plan for the lane no longer counts.
  void dial_at(std::uint16_t lane_index, TimePoint at) { dial_at(lane_index, lane_index, at); }
  // The same for the lanes from `first` to `last`, both included.
  void dial_at(std::uint16_t first, std::uint16_t last, TimePoint at);
  // Starts `dial`, and owns it.
  void begin(std::unique_ptr<Dial> dial);
  // `dial` has ended: keeps it until nothing is in flight.
  void retire(Dial& dial);
  // Gives up all dials, and all plans.
  void cancel();
  [[nodiscard]] const Dial* find(std::uint16_t lane_index) const;
  [[nodiscard]] bool idle() const { return dials_.empty(); }
  // Stops the timer: planned dials will not begin.
  void disarm() { loop_.disarm(timer_); }

 private:
  void arm();
  void on_timer();

  Loop& loop_;
  ClosingList& closing_;
  std::function<void(std::uint16_t)> on_due_;
  std::map<std::uint16_t, std::unique_ptr<Dial>> dials_;
  std::map<std::uint16_t, TimePoint> due_at_;
  Timer timer_;
};

}  // namespace longthrow
