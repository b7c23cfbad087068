// SPDX-License-Identifier: Apache-2.0
// Which bandwidth is in force: that of the schedule's window, outside of all windows the link's
// own, or what an administrator has set since the schedule changed it last. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "longthrow/bandwidth_window.h"

namespace longthrow {

class BandwidthPlan {
 public:
  // `otherwise_bytes_s`: outside of all windows. Ends what was set.
  void configure(std::uint64_t otherwise_bytes_s, std::vector<BandwidthWindow> windows);
  // Holds until the schedule changes the bandwidth; for good, if there is no schedule.
  void set(std::uint64_t bytes_s);
  // Call it a few times a second. From one limit to another the rate moves in steps, for about 4 s.
  void on_tick(WeekMinute now);

  // In force now. Here and below 0 is unlimited.
  [[nodiscard]] std::uint64_t rate_bytes_s() const { return rate_bytes_s_; }
  [[nodiscard]] bool is_set() const { return set_bytes_s_.has_value(); }
  // That `now` is in, of the last tick; null: in none.
  [[nodiscard]] const BandwidthWindow* window() const;
  // Until the schedule changes the bandwidth, counted from the last tick; nothing: never.
  [[nodiscard]] std::optional<int> minutes_to_change() const;

 private:
  static constexpr int kSteps = 16;
  static constexpr std::size_t kNoWindow = ~std::size_t{0};
  [[nodiscard]] std::size_t window_at(WeekMinute time) const;
  [[nodiscard]] std::uint64_t target_bytes_s() const;
  void step_to(std::uint64_t target);

  std::uint64_t otherwise_bytes_s_ = 0;
  std::vector<BandwidthWindow> windows_;
  std::size_t window_ = kNoWindow;
  WeekMinute now_ = 0;
  bool started_ = false;  // on_tick has chosen a window
  std::optional<std::uint64_t> set_bytes_s_;
  std::uint64_t rate_bytes_s_ = 0;
  std::uint64_t target_bytes_s_ = 0;  // of the last tick
  int steps_left_ = 0;
};

}  // namespace longthrow
