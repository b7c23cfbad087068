// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/period.h"

#include <charconv>
#include <chrono>

namespace longthrow::trace {
namespace {

std::int64_t begin_of(std::chrono::year_month month) {
  const std::chrono::sys_days day{month / 1};
  return std::chrono::duration_cast<std::chrono::seconds>(day.time_since_epoch()).count();
}
Period period_of(std::chrono::year_month month) {
  return {begin_of(month), begin_of(month + std::chrono::months(1))};
}

}  // namespace

std::optional<Period> month_of(std::string_view text) {
  int year = 0;
  unsigned month = 0;
  if (text.size() != 7 || text[4] != '-') return std::nullopt;
  const char* begin = text.data();
  const auto first = std::from_chars(begin, begin + 4, year);
  const auto second = std::from_chars(begin + 5, begin + 7, month);
  if (first.ptr != begin + 4 || second.ptr != begin + 7 || first.ec != std::errc() ||
      second.ec != std::errc() || year < 1970 || month < 1 || month > 12) {
    return std::nullopt;
  }
  return period_of(std::chrono::year(year) / std::chrono::month(month));
}

Period month_at(std::int64_t wall) {
  const std::chrono::sys_seconds time{std::chrono::seconds(wall)};
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  return period_of(day.year() / day.month());
}

}  // namespace longthrow::trace
