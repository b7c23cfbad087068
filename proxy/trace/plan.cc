// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "proxy/base/human.h"
#include "proxy/base/log.h"

namespace longthrow::trace {
namespace {

constexpr double kOverheadMost = 1.25;
// Below it, heartbeats and acknowledgements weigh more than data.
constexpr double kBusyBytesS = 64.0 * 1024;
constexpr double kCovered = 0.9995;
constexpr double kSeenSeconds = 10.0;

double value(const Row& row, Column column) { return static_cast<double>(row[column]); }
double span(const Row& row) { return static_cast<double>(row.span); }

// What the link carried while the WAN limited it: the median over such seconds.
std::optional<double> measured_rate(const std::vector<Row>& rows) {
  std::vector<std::pair<double, double>> rates;  // bytes a second, seconds
  double seconds = 0.0;
  for (const Row& row : rows) {
    const double limited = value(row, Column::wan_s);
    if (limited <= 0.0 || row[Column::wan_wire] == 0) continue;
    rates.emplace_back(value(row, Column::wan_wire) / limited, limited);
    seconds += limited;
  }
  std::ranges::sort(rates);
  double below = 0.0;
  for (const auto& [rate, limited] : rates) {
    below += limited;
    if (below * 2 >= seconds) return rate;
  }
  return std::nullopt;
}

// The most that was sent in kSeenSeconds, as bytes a second. In less, sockets may have taken what
// the link did not yet carry.
double highest_rate(const std::vector<Row>& rows) {
  double most = 0.0;
  double wire = 0.0;
  double seconds = 0.0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0 && !follows(rows[i - 1], rows[i])) {
      wire = seconds = 0.0;
      first = i;
    }
    wire += value(rows[i], Column::wire_out);
    seconds += span(rows[i]);
    for (; seconds - span(rows[first]) >= kSeenSeconds; ++first) {
      wire -= value(rows[first], Column::wire_out);
      seconds -= span(rows[first]);
    }
    if (seconds >= kSeenSeconds) most = std::max(most, wire / seconds);
  }
  return most;
}

double overhead_of(const std::vector<Row>& rows) {
  double wire = 0.0;
  double stored = 0.0;
  for (const Row& row : rows) {
    // What is framed while the link is down is on the wire later.
    const double most = std::max(value(row, Column::wire_out), value(row, Column::framed_stored));
    if (most < kBusyBytesS * span(row)) continue;
    wire += value(row, Column::wire_out);
    stored += value(row, Column::framed_stored);
  }
  return stored > 0.0 ? std::clamp(wire / stored, 1.0, kOverheadMost) : 1.0;
}

// The rate of the link in each row, on the wire.
class Rates {
 public:
  Rates(const std::vector<Row>& rows, const PlanOptions& options)
      : measured_(measured_rate(rows)), seen_(highest_rate(rows)) {
    if (options.bandwidth_bytes_s.value_or(0) > 0)
      given_ = static_cast<double>(*options.bandwidth_bytes_s);
  }
  [[nodiscard]] std::pair<RateSource, double> of(const Row& row) const {
    if (given_ > 0.0) return {RateSource::given, given_};
    const double set = value(row, Column::bandwidth);
    if (set > 0.0 && set <= measured_.value_or(set)) return {RateSource::bandwidth, set};
    if (measured_) return {RateSource::measured, *measured_};
    return {RateSource::highest_seen, seen_};
  }
  [[nodiscard]] std::optional<double> measured() const { return measured_; }

 private:
  std::optional<double> measured_;
  double seen_;
  double given_ = 0.0;
};

// Where nothing was compressed, the last ratio counts on.
class Ratio {
 public:
  double stored(const Row& row) {
    const double framed = value(row, Column::framed_raw);
    if (framed > 0.0) stored_part_ = std::min(value(row, Column::framed_stored) / framed, 1.0);
    return value(row, Column::raw_in) * stored_part_;
  }

 private:
  double stored_part_ = 1.0;
};

void tell_trace(const std::vector<Row>& rows, Plan& plan) {
  auto& trace = plan.trace;
  trace.from_wall = rows.front().wall;
  trace.to_wall = rows.back().wall + static_cast<std::int64_t>(rows.back().span);
  std::uint64_t stretch = 0;
  const Row* before = nullptr;
  for (const Row& row : rows) {
    const bool joined = before != nullptr && follows(*before, row);
    if (!joined) ++trace.stretches;
    stretch = (joined ? stretch : 0) + row.span;
    before = &row;
    trace.longest_stretch_s = std::max(trace.longest_stretch_s, stretch);
    trace.seconds += row.span;
    if (!row.lags.empty()) trace.minutes_s += row.span;
    trace.throttled_s += row[Column::full_s];
    trace.raw_bytes += value(row, Column::raw_in);
    trace.raw_peak_bytes_s = std::max(trace.raw_peak_bytes_s, value(row, Column::raw_in_max));
  }
}

// A cut is noticed after a while (dead_after). Nothing got through since the lag has risen by a
// second each second.
void count_unnoticed_cuts(const std::vector<Row>& rows, std::vector<Step>& steps) {
  bool down = false;  // in the row behind
  for (std::size_t i = rows.size(); i-- > 0;) {
    const Row& row = rows[i];
    const bool known = i > 0 && follows(rows[i - 1], row) && row.lags.empty();
    const double rise = known ? value(row, Column::lag_ms) - value(rows[i - 1], Column::lag_ms) : 0;
    const bool silent = rise >= 900.0 * span(row);
    if (row[Column::up_s] > 0 && down && silent) steps[i].capacity_bytes = 0.0;
    down = row[Column::up_s] == 0 || (down && silent);
  }
}

void make_steps(const std::vector<Row>& rows, const PlanOptions& options, Plan& plan) {
  const Rates rates(rows, options);
  plan.rate.measured_bytes_s = rates.measured();
  plan.rate.overhead = overhead_of(rows);
  Ratio ratio;
  plan.steps.reserve(rows.size());
  const Row* before = nullptr;
  for (const Row& row : rows) {
    const auto [source, rate] = rates.of(row);
    plan.rate.source = source;
    plan.rate.bytes_s = rate;
    Step step{.seconds = span(row),
              .stored_bytes = ratio.stored(row),
              .capacity_bytes = rate / plan.rate.overhead * value(row, Column::up_s),
              .wall = row.wall};
    if (before == nullptr || !follows(*before, row)) step.before = Step::Before::unknown;
    plan.trace.stored_bytes += step.stored_bytes;
    plan.steps.push_back(step);
    before = &row;
  }
  count_unnoticed_cuts(rows, plan.steps);
}

std::optional<double> drain_of(const Plan& plan, const Outage& outage, const Replay& with) {
  double seconds = 0.0;
  for (std::size_t i = outage.step; i < plan.steps.size(); ++i) {
    if (i > outage.step && plan.steps[i].before == Step::Before::unknown) return std::nullopt;
    seconds += plan.steps[i].seconds;
    if (seconds < outage.seconds) continue;
    // The most within a step hides what it ends with; the next one begins with that.
    const bool as_without = with.queue_bytes[i] - plan.replay.queue_bytes[i] < 1.0;
    if (as_without) return std::max(seconds - plan.steps[i].seconds - outage.seconds, 0.0);
  }
  return std::nullopt;
}

void plan_outage(double seconds, Plan& plan) {
  const auto worst = worst_outage(plan.steps, seconds);
  if (!worst) return;
  const Replay with = replay(with_outage(plan.steps, worst->at), plan.share_bytes);
  plan.outage = OutagePlan{.seconds = seconds,
                           .from_wall = plan.steps[worst->at.step].wall,
                           .need_bytes = worst->need_bytes,
                           .slowed_s = with.slowed_s,
                           .lag_s = with.lag_s.value,
                           .drain_s = drain_of(plan, worst->at, with)};
}

}  // namespace

double memlimit_for(double send_share_bytes) { return send_share_bytes * 4 / 3; }

Result<Plan> make_plan(const Timeline& link, const PlanOptions& options) {
  const std::vector<Row>& rows = link.rows;
  if (link.seconds() < kPlanSecondsMin) {
    return fail(
        format("the trace of link {} is too short: {} are known, and from less than {} "
               "nothing can be told. Come back when a day or, better, a week of usual "
               "work is in it",
               link.name, human_seconds(static_cast<double>(link.seconds())),
               human_seconds(static_cast<double>(kPlanSecondsMin))));
  }
  Plan plan;
  tell_trace(rows, plan);
  make_steps(rows, options, plan);
  if (plan.rate.bytes_s <= 0.0) {
    return fail(
        format("the trace of link {} has no rate to reckon with: bandwidth is not set, and "
               "nothing was sent. Give the link's rate with --bandwidth",
               link.name));
  }
  const double last = value(rows.back(), Column::memlimit);
  plan.memlimit_bytes =
      static_cast<double>(options.memlimit_bytes.value_or(rows.back()[Column::memlimit]));
  const bool as_it_was = plan.memlimit_bytes == last && rows.back()[Column::send_limit] > 0;
  plan.share_bytes =
      as_it_was ? value(rows.back(), Column::send_limit) : plan.memlimit_bytes * 3 / 4;
  plan.replay = replay(plan.steps, plan.share_bytes);
  plan.need_9995_bytes = need_of_seconds(plan.steps, plan.replay, kCovered);
  if (options.outage_s) plan_outage(*options.outage_s, plan);
  return plan;
}

}  // namespace longthrow::trace
