// SPDX-License-Identifier: Apache-2.0
// Which lanes are dialled when, and the dials under way.
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

  // Dials the lane then; a time that was set before no longer counts.
  void dial_at(std::uint16_t lane_index, TimePoint at) { dial_at(lane_index, lane_index, at); }
  // The lanes from `first` to `last`, both included.
  void dial_at(std::uint16_t first, std::uint16_t last, TimePoint at);
  // `dial` is begun.
  void begin(std::unique_ptr<Dial> dial);
  // `dial` has come to its end: it is kept until nothing is in flight.
  void retire(Dial& dial);
  // Gives up all, those that are only planned, too.
  void cancel();
  [[nodiscard]] const Dial* find(std::uint16_t lane_index) const;
  [[nodiscard]] bool idle() const { return dials_.empty(); }
  // Plans nothing more: what was planned stays undone.
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
