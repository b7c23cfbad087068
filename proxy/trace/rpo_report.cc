// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/rpo_report.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "proxy/trace/lag_buckets.h"

namespace longthrow::trace {
namespace {

using Seconds = std::function<std::uint64_t(const Row&)>;
constexpr std::int64_t kMinute = 60;

bool is_in(const Row& row, const Period& period) {
  return row.wall >= period.since && row.wall < period.until;
}

// The note that holds at a row; of earlier processes none does.
class Reasons {
 public:
  explicit Reasons(const Timeline& timeline) : timeline_(timeline) {}
  // Rows ascend from call to call.
  const std::string& at(std::size_t row) {
    const auto& rows = timeline_.rows;
    if (row > 0 && rows[row].run != rows[row - 1].run) text_.clear();
    while (next_ < timeline_.notes.size() && timeline_.notes[next_].row <= row)
      text_ = timeline_.notes[next_++].text;
    return text_;
  }

 private:
  const Timeline& timeline_;
  std::size_t next_ = 0;
  std::string text_;
};

class EpisodeMeter {
 public:
  // What is so for a part of a row goes on from the row before if that was so to its end, and into
  // the next one if that is so from its begin.
  void note(const Row& row, std::uint64_t seconds, const std::string& reason) {
    const bool joined = before_end_ == row.tick && before_run_ == row.run;
    before_end_ = row.end();
    before_run_ = row.run;
    const bool whole = seconds == row.span;
    if (!joined || seconds == 0 || (!whole && last_ == Last::partly)) end();
    if (seconds == 0) return;
    if (open_.seconds == 0) open_.from_wall = row.wall;
    if (open_.reason.empty()) open_.reason = reason;
    open_.seconds += seconds;
    into_.seconds += seconds;
    if (!whole && last_ == Last::wholly) return end();
    last_ = whole ? Last::wholly : Last::partly;
  }
  [[nodiscard]] Episodes finish() {
    end();
    return std::move(into_);
  }

 private:
  enum class Last : std::uint8_t { no, partly, wholly };

  void end() {
    last_ = Last::no;
    if (open_.seconds == 0) return;
    ++into_.count;
    into_.longest_s = std::max(into_.longest_s, open_.seconds);
    auto& list = into_.longest;
    list.insert(std::ranges::upper_bound(list, open_.seconds, std::greater<>(), &Episode::seconds),
                open_);
    if (list.size() > Episodes::kListedMax) list.pop_back();
    open_ = {};
  }

  Episodes into_;
  Episode open_;
  Last last_ = Last::no;
  std::uint64_t before_end_ = ~std::uint64_t{0};
  std::uint64_t before_run_ = 0;
};

Episodes episodes(const Timeline& timeline, const Period& period, const Seconds& of) {
  EpisodeMeter meter;
  Reasons reasons(timeline);
  for (std::size_t i = 0; i < timeline.rows.size(); ++i) {
    const Row& row = timeline.rows[i];
    const std::string& reason = reasons.at(i);
    if (is_in(row, period)) meter.note(row, std::min(of(row), row.span), reason);
  }
  return meter.finish();
}

Seconds column(Column which) {
  return [which](const Row& row) { return row[which]; };
}

std::uint64_t outage_seconds(const Row& row) {
  const std::uint64_t fine = std::min(row.span, row[Column::up_s] + row[Column::paused_s]);
  return row.span - fine;
}

// --- the lag

void tell_percentiles(const Timeline& timeline, const Period& period, RpoReport& report) {
  std::map<std::uint64_t, std::uint64_t> seconds_of_ms;
  std::uint64_t total = 0;
  for (const Row& row : timeline.rows) {
    if (!is_in(row, period)) continue;
    const std::uint64_t most = row[Column::lag_ms_max];
    std::uint64_t left = row.span;
    for (const LagCount& lag : row.lags) {
      const std::uint64_t count = std::min<std::uint64_t>(lag.seconds, left);
      seconds_of_ms[std::min(largest_lag_ms(lag.bucket), most)] += count;
      left -= count;
    }
    if (left > 0) seconds_of_ms[most] += left;
    total += row.span;
  }
  const auto percentile = [&](double share) {
    std::uint64_t below = 0;
    for (const auto& [ms, seconds] : seconds_of_ms) {
      below += seconds;
      if (static_cast<double>(below) >= share * static_cast<double>(total))
        return static_cast<double>(ms) / 1000;
    }
    return 0.0;
  };
  report.lag_s = {.p50 = percentile(0.5),
                  .p95 = percentile(0.95),
                  .p99 = percentile(0.99),
                  .most = percentile(1.0)};
}

void tell_worst_minute(const Timeline& timeline, const Period& period, RpoReport& report) {
  const auto minute = [](const Row& row) { return row.wall / kMinute; };
  const Row* worst = nullptr;
  for (const Row& row : timeline.rows) {
    const bool worse = worst == nullptr || row[Column::lag_ms_max] > (*worst)[Column::lag_ms_max];
    if (is_in(row, period) && worse) worst = &row;
  }
  if (worst == nullptr) return;
  double sum = 0.0;
  double seconds = 0.0;
  for (const Row& row : timeline.rows) {
    if (!is_in(row, period) || minute(row) != minute(*worst)) continue;
    sum += static_cast<double>(row[Column::lag_ms]) * static_cast<double>(row.span);
    seconds += static_cast<double>(row.span);
  }
  report.worst_minute = {.wall = minute(*worst) * kMinute,
                         .most_s = static_cast<double>((*worst)[Column::lag_ms_max]) / 1000,
                         .mean_s = sum / seconds / 1000};
}

void tell_chart(const Timeline& timeline, const Period& period, RpoReport& report) {
  const std::int64_t length = period.until - period.since;
  const auto points = static_cast<std::int64_t>(
      std::min<std::uint64_t>(RpoReport::kChartPoints, static_cast<std::uint64_t>(length)));
  report.chart.resize(static_cast<std::size_t>(points));
  for (std::int64_t i = 0; i < points; ++i)
    report.chart[static_cast<std::size_t>(i)].wall = period.since + length * i / points;
  const auto point_at = [&](std::int64_t wall) {
    return std::clamp((wall - period.since) * points / length, std::int64_t{0}, points - 1);
  };
  for (const Row& row : timeline.rows) {
    if (!is_in(row, period)) continue;
    const std::int64_t last = point_at(row.wall + static_cast<std::int64_t>(row.span) - 1);
    for (std::int64_t at = point_at(row.wall); at <= last; ++at) {
      ChartPoint& point = report.chart[static_cast<std::size_t>(at)];
      point.known = ChartPoint::Known::yes;
      point.lag_s = std::max(point.lag_s, static_cast<double>(row[Column::lag_ms_max]) / 1000);
    }
  }
}

// Seconds of the civil clock that rows cover; where it has stepped back, some twice: they count
// once.
void tell_coverage(const Timeline& timeline, const Period& period, RpoReport& report) {
  std::vector<Period> known;
  for (const Row& row : timeline.rows) {
    if (!is_in(row, period)) continue;
    known.push_back(
        {row.wall, std::min(row.wall + static_cast<std::int64_t>(row.span), period.until)});
  }
  std::ranges::sort(known, {}, &Period::since);
  std::int64_t until = period.since;
  for (const Period& each : known) {
    const std::int64_t from = std::max(each.since, until);
    if (each.until > from) report.known_s += static_cast<std::uint64_t>(each.until - from);
    until = std::max(until, each.until);
  }
  report.unknown_s = static_cast<std::uint64_t>(period.until - period.since) - report.known_s;
}

}  // namespace

RpoReport make_report(const Timeline& subject, const Timeline& link,
                      const std::vector<const Timeline*>& groups, const Period& period) {
  RpoReport report{.kind = subject.kind, .name = subject.name, .link = link.name, .period = period};
  tell_coverage(subject, period, report);
  tell_percentiles(subject, period, report);
  tell_worst_minute(subject, period, report);
  tell_chart(subject, period, report);
  report.outages = episodes(link, period, outage_seconds);
  report.paused = episodes(link, period, column(Column::paused_s));
  report.held = episodes(subject, period, column(Column::held_s));
  report.full = episodes(link, period, column(Column::full_s));
  for (const Timeline* group : groups) {
    report.groups.push_back(
        {.group = group->name,
         .not_consistent = episodes(*group, period, column(Column::not_consistent_s)),
         .unknown = episodes(*group, period, column(Column::copy_unknown_s))});
  }
  for (const Row& row : link.rows) {
    if (is_in(row, period)) report.raw_bytes += row[Column::raw_in];
  }
  return report;
}

}  // namespace longthrow::trace
