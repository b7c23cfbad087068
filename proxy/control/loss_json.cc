// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/loss_json.h"

#include <array>
#include <cstdio>
#include <string>

#include "proxy/control/status_json.h"
#include "proxy/control/status_objects.h"

namespace longthrow::control {
void add_losses(const LossReport& report, json::object& answer) {
  json::array losses;
  for (const Loss& loss : report.losses) losses.push_back(write_rows(loss));
  answer["since"] = utc_text(report.since);
  answer["losses"] = std::move(losses);
  answer["minor_left_out"] = report.minor_left_out;
  answer["forgotten"] = report.forgotten;
  answer["forgotten_bytes"] = report.forgotten_bytes;
  answer["not_kept"] = report.not_kept;
}

std::optional<WallTime> parse_utc(std::string_view text) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  if (text.size() != 10 && text.size() != 19) return std::nullopt;
  std::array<int, 6> part{};
  int used = 0;
  const std::string copy(text);
  const int count = std::sscanf(copy.c_str(), "%4d-%2d-%2d%nT%2d:%2d:%2d%n", &part[0], &part[1],
                                &part[2], &used, &part[3], &part[4], &part[5], &used);
  if ((count != 3 && count != 6) || static_cast<std::size_t>(used) != copy.size())
    return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(part[0]),
                                        std::chrono::month(static_cast<unsigned>(part[1])),
                                        std::chrono::day(static_cast<unsigned>(part[2]))};
  const bool in_day =
      part[3] >= 0 && part[3] < 24 && part[4] >= 0 && part[4] < 60 && part[5] >= 0 && part[5] < 60;
  if (!day.ok() || !in_day) return std::nullopt;
  return WallTime(std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(part[3]) +
                  std::chrono::minutes(part[4]) + std::chrono::seconds(part[5]));
}

}  // namespace longthrow::control
