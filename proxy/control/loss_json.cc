// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/loss_json.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "proxy/control/status_json.h"

namespace longthrow::control {
namespace {

json::object loss_to_json(const Loss& loss) {
  json::object out;
  out["number"] = loss.number;
  out["at"] = utc_text(loss.at);
  out["link"] = loss.link;
  out["group"] = loss.group;
  out["route"] = loss.route;
  out["place"] = to_string(loss.place);
  out["reason"] = to_string(loss.reason);
  out["weight"] = to_string(loss.weight);
  out["channels"] = loss.channels;
  out["bytes"] = nullptr;
  if (loss.bytes) out["bytes"] = *loss.bytes;
  out["perhaps_delivered_bytes"] = loss.perhaps_delivered_bytes;
  out["oldest_s"] = nullptr;
  // To a millisecond, as the file has it.
  if (loss.oldest_s && std::isfinite(*loss.oldest_s))
    out["oldest_s"] = std::round(*loss.oldest_s * 1000) / 1000;
  out["text"] = loss.text;
  return out;
}

}  // namespace

void add_losses(const LossReport& report, json::object& answer) {
  json::array losses;
  for (const Loss& loss : report.losses) losses.push_back(loss_to_json(loss));
  answer["since"] = utc_text(report.since);
  answer["losses"] = std::move(losses);
  answer["minor_left_out"] = report.minor_left_out;
  answer["forgotten"] = report.forgotten;
  answer["forgotten_bytes"] = report.forgotten_bytes;
  answer["not_kept"] = report.not_kept;
}

json::object loss_summary_to_json(const LossSummary& summary) {
  json::object out;
  out["since"] = utc_text(summary.since);
  out["losses"] = summary.losses;
  out["bytes"] = summary.bytes;
  out["last"] = nullptr;
  if (summary.last) out["last"] = loss_to_json(*summary.last);
  out["not_kept"] = summary.not_kept;
  return out;
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
