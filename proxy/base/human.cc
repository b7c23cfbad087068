// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/human.h"

#include <array>
#include <cmath>
#include <ctime>

#include "proxy/base/log.h"

namespace longthrow {

std::string human_bytes(double bytes) {
  if (!std::isfinite(bytes) || bytes < 0) return "?";
  if (bytes < 1024) return format("{:.0f} B", bytes);
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  bytes /= 1024;
  while (bytes >= 1023.95 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string human_rate(double bytes_s) { return human_bytes(bytes_s) + "/s"; }

std::string human_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 60) return format("{:.1f} s", seconds);
  if (seconds > 1e15) return "?";
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 3600) return format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return format("{} h {} min", whole / 3600, whole / 60 % 60);
  return format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

std::string utc_text(WallTime time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto whole = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const std::time_t seconds = static_cast<std::time_t>(whole.count());
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (since_epoch - whole).count());
}

}  // namespace longthrow
