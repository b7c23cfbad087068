// SPDX-License-Identifier: Apache-2.0
// The minute of the week that a time is, in the time zone of the process.
#pragma once

#include <ctime>

#include "longthrow/bandwidth_window.h"

namespace longthrow {

[[nodiscard]] inline WeekMinute local_week_minute(WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm local{};
  localtime_r(&seconds, &local);
  return (local.tm_wday + 6) % 7 * kDayMinutes + local.tm_hour * 60 + local.tm_min;
}

}  // namespace longthrow
