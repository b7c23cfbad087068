// SPDX-License-Identifier: Apache-2.0
// Reckons when a link's buffer will be empty, or full, if the present rates go on. Pure. A field
// without a value means: this cannot be told.
#pragma once

#include <cstdint>
#include <optional>

#include "longthrow/time.h"

namespace longthrow {

struct FlowNow {
  bool flows = false;  // the link is up and not paused
  bool full = false;   // the share is spent: sources are slowed
  std::uint64_t lag_bytes = 0;
  std::uint64_t free_bytes = 0;  // of the send share
  double in_bytes_s = 0.0;
  double out_bytes_s = 0.0;  // compressed
  double ratio = 1.0;
};

struct Forecast {
  std::optional<double> drain_s;
  std::optional<double> full_s;
};

// A lower rate is noise; a moment further ahead cannot be foretold.
inline constexpr double kForecastRateMin = 1024.0;
inline constexpr double kForecastSecondsMax = 7 * 24 * 3600.0;

[[nodiscard]] inline Forecast forecast(const FlowNow& now) {
  constexpr std::uint64_t kBacklogBytesMin = 1U << 20;
  Forecast forecast;
  const double drained = now.flows ? now.out_bytes_s * now.ratio : 0.0;
  const double growth = now.in_bytes_s - drained;
  const auto in = [](double bytes, double bytes_s) -> std::optional<double> {
    const double seconds = bytes / bytes_s;
    return bytes_s >= kForecastRateMin && seconds <= kForecastSecondsMax ? std::optional(seconds)
                                                                         : std::nullopt;
  };
  if (now.flows && now.lag_bytes > 0) {
    forecast.drain_s = in(static_cast<double>(now.lag_bytes), -growth);
  }
  if (!now.full && now.lag_bytes > kBacklogBytesMin) {
    forecast.full_s = in(static_cast<double>(now.free_bytes) * now.ratio, growth);
  }
  return forecast;
}

}  // namespace longthrow
