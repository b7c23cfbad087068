// SPDX-License-Identifier: Apache-2.0
// When a link's buffer will be empty, or full, if all goes on as it does; and how well its bytes
// compress. Pure. What cannot be told is told as nothing.
#pragma once

#include <cmath>
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

// A rate below this is noise, and what lies further ahead than this nobody can know.
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

// Raw over compressed bytes of the last seconds in which there were any.
class RecentRatio {
 public:
  void update(Duration interval, std::uint64_t raw_total, std::uint64_t wire_total) {
    const auto raw = static_cast<double>(raw_total - raw_total_);
    const auto wire = static_cast<double>(wire_total - wire_total_);
    if (raw_total == raw_total_ || wire_total == wire_total_) return;
    raw_total_ = raw_total;
    wire_total_ = wire_total;
    const double kept = std::exp(-std::chrono::duration<double>(interval).count() / 10.0);
    raw_ = raw_ * kept + raw;
    wire_ = wire_ * kept + wire;
  }
  // Nothing: nothing was ever compressed.
  [[nodiscard]] std::optional<double> value() const {
    return wire_ > 0 ? std::optional(raw_ / wire_) : std::nullopt;
  }

 private:
  std::uint64_t raw_total_ = 0;
  std::uint64_t wire_total_ = 0;
  double raw_ = 0.0;
  double wire_ = 0.0;
};

}  // namespace longthrow
