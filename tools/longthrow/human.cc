// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/human.h"

#include <array>
#include <cmath>

#include "proxy/base/log.h"

namespace longthrow::cli {

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

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return out;
}

std::string Painter::operator()(Paint paint, std::string_view text) const {
  if (!colours_ || paint == Paint::none) return std::string(text);
  constexpr std::array kCodes{"0", "1", "32", "33", "1;31", "2"};
  return format("\033[{}m{}\033[0m", kCodes[static_cast<std::size_t>(paint)], text);
}

}  // namespace longthrow::cli
