// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/bandwidth_windows.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/config/units.h"

namespace longthrow {
namespace {

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::uint8_t kDaily = 0b1111111;

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> day_of(std::string_view text) {
  const auto found = std::ranges::find(kDays, text);
  if (found == kDays.end()) return std::nullopt;
  return static_cast<int>(found - kDays.begin());
}

std::optional<std::uint8_t> parse_days(std::string_view text) {
  if (text == "daily") return kDaily;
  std::uint8_t days = 0;
  for (const std::string_view part : split(text, ',')) {
    const auto ends = split(part, '-');
    const auto first = day_of(ends.front());
    const auto last = day_of(ends.back());
    if (!first || !last || ends.size() > 2) return std::nullopt;
    for (int day = *first;; day = (day + 1) % 7) {
      days |= static_cast<std::uint8_t>(1 << day);
      if (day == *last) break;
    }
  }
  return days;
}

std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.size() != 2)
    return std::nullopt;
  return number;
}

std::optional<int> parse_minute(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 2) return std::nullopt;
  const auto hour = parse_number(parts[0]);
  const auto minute = parse_number(parts[1]);
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59) return std::nullopt;
  const int minutes = *hour * 60 + *minute;
  return minutes <= kDayMinutes ? std::optional(minutes) : std::nullopt;
}

}  // namespace

Result<BandwidthWindow> parse_bandwidth_window(std::string_view text) {
  const auto words = split(text, ' ');
  if (words.size() != 3) return fail("it must be days, times and a rate");
  BandwidthWindow window;
  const auto days = parse_days(words[0]);
  if (!days) return fail(format("\"{}\" are no days", words[0].substr(0, 40)));
  window.days = *days;
  const auto times = split(words[1], '-');
  const auto from = parse_minute(times.front());
  const auto to = parse_minute(times.back());
  if (times.size() != 2 || !from || !to || *from == kDayMinutes)
    return fail(format("\"{}\" are no times", words[1].substr(0, 40)));
  window.from_minute = *from;
  window.to_minute = *to;
  const auto rate = parse_rate(words[2]);
  if (!rate) return std::unexpected(rate.error());
  window.bytes_s = *rate;
  window.text = text;
  return window;
}

Result<std::vector<BandwidthWindow>> parse_bandwidth_windows(std::span<const std::string> texts) {
  std::vector<BandwidthWindow> windows;
  for (const std::string& text : texts) {
    auto window = parse_bandwidth_window(text);
    if (!window) return fail(format("\"{}\": {}", text.substr(0, 80), window.error().message));
    windows.push_back(*std::move(window));
  }
  return windows;
}

}  // namespace longthrow
