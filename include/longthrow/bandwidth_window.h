// SPDX-License-Identifier: Apache-2.0
// A part of the week that has a bandwidth of its own, in the civil time of the node's host.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "longthrow/time.h"

namespace longthrow {

inline constexpr int kDayMinutes = 24 * 60;
inline constexpr int kWeekMinutes = 7 * kDayMinutes;
using WeekMinute = int;  // from Monday 00:00, below kWeekMinutes

struct BandwidthWindow {
  std::uint8_t days = 0;  // bit 0: begins on Mondays
  int from_minute = 0;    // of the day
  int to_minute = 0;      // of the day, up to kDayMinutes; not above `from_minute`: on the next day
  std::uint64_t bytes_s = 0;  // 0: unlimited
  std::string text;           // as in the configuration

  friend bool operator==(const BandwidthWindow&, const BandwidthWindow&) = default;

  [[nodiscard]] int length() const {
    return to_minute - from_minute + (to_minute <= from_minute ? kDayMinutes : 0);
  }
  [[nodiscard]] bool contains(WeekMinute time) const {
    for (int day = 0; day < 7; ++day) {
      if ((days >> day & 1) == 0) continue;
      const int since = (time - day * kDayMinutes - from_minute + kWeekMinutes) % kWeekMinutes;
      if (since < length()) return true;
    }
    return false;
  }
  // Where it begins and ends.
  [[nodiscard]] std::vector<WeekMinute> edges() const {
    std::vector<WeekMinute> edges;
    for (int day = 0; day < 7; ++day) {
      if ((days >> day & 1) == 0) continue;
      const int from = day * kDayMinutes + from_minute;
      edges.push_back(from);
      edges.push_back((from + length()) % kWeekMinutes);
    }
    return edges;
  }
};

}  // namespace longthrow
