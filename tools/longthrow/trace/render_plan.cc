// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/trace/render_plan.h"

#include <array>
#include <cmath>

#include "longthrow/config.h"
#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "tools/longthrow/trace/read_trace.h"

namespace longthrow::cli {
namespace {

using trace::OutagePlan;
using trace::Plan;
using trace::RateSource;

constexpr std::uint64_t kDay = 86'400;
constexpr double kBytesMost = 1e18;  // more is not meant

// Rounded up to whole MiB, and never less than a memlimit can be.
std::uint64_t memlimit_of(double send_share) {
  const double mib = std::ceil(std::min(trace::memlimit_for(send_share), kBytesMost) / kMiB);
  return std::max(static_cast<std::uint64_t>(mib) * kMiB, std::uint64_t{kMemlimitMin});
}

std::string times(std::uint64_t count) { return count == 1 ? "once" : format("{} times", count); }

std::string ratio_text(const Plan& plan) {
  if (plan.trace.stored_bytes <= 0) return "nothing came";
  return format("{:.2f}", plan.trace.raw_bytes / plan.trace.stored_bytes);
}

std::string rate_words(const Plan& plan) {
  switch (plan.rate.source) {
    case RateSource::given:
      return "as given";
    case RateSource::bandwidth:
      return "bandwidth, as it was in force";
    case RateSource::measured:
      return "what the link carried while the WAN limited it";
    case RateSource::highest_seen:
      return "the most that was seen over 10 seconds";
  }
  return "";
}

std::string need_text(double send_share) {
  const std::uint64_t memlimit = memlimit_of(send_share);
  return format("{} to send: memlimit = \"{}\"", human_bytes(send_share), show_size(memlimit));
}

// Names and values, one a line.
class Lines {
 public:
  explicit Lines(const Painter& paint) : paint_(paint) {}
  void add(std::string_view name, const std::string& value, Paint colour = Paint::none) {
    out_ += format("  {}{}\n", paint_(Paint::dim, format("{:<15}", name)), paint_(colour, value));
  }
  void title(const std::string& text) { out_ += paint_(Paint::bold, text) + "\n"; }
  void blank() { out_ += '\n'; }
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  const Painter& paint_;
  std::string out_;
};

void render_slowed(const Plan& plan, Lines& lines) {
  if (plan.replay.windows == 0) return lines.add("source slowed", "never", Paint::good);
  lines.add(
      "source slowed",
      format("{}, {} in sum", times(plan.replay.windows), human_seconds(plan.replay.slowed_s)),
      Paint::bad);
  for (const trace::Window& window : plan.replay.worst) {
    lines.add("", format("{}  for {}, with {} waiting at the source", utc_second(window.from_wall),
                         human_seconds(window.seconds), human_bytes(window.waiting_bytes)));
  }
}

void render_outage(const OutagePlan& outage, Lines& lines) {
  lines.blank();
  lines.title(format("an outage of {} at the worst moment, {}", human_seconds(outage.seconds),
                     utc_second(outage.from_wall)));
  lines.add("needs", need_text(outage.need_bytes));
  lines.add("source slowed",
            outage.slowed_s > 0 ? human_seconds(outage.slowed_s) + " in sum, with this memlimit"
                                : "never, with this memlimit",
            outage.slowed_s > 0 ? Paint::bad : Paint::good);
  lines.add("drained after",
            outage.drain_s ? human_seconds(*outage.drain_s) : "not before the trace ends");
  lines.add("lag at most", human_seconds(outage.lag_s));
}

}  // namespace

std::vector<std::string> notes_of(const Plan& plan, const trace::PlanOptions& options) {
  std::vector<std::string> notes;
  const auto& of = plan.trace;
  const auto known = static_cast<double>(of.seconds);
  if (of.seconds < kDay) {
    notes.push_back(
        format("the trace has only {}: it knows no night, no backup, no busy day but "
               "these. Take the answer as a hint",
               human_seconds(known)));
  } else if (of.seconds < 7 * kDay) {
    notes.push_back(
        format("the trace has {}, less than a week: what happens once a week or once a "
               "month may not be in it",
               human_seconds(known)));
  }
  if (of.throttled_s > 0) {
    notes.push_back(
        format("in {} of it the buffer was full and the source was slowed: what it "
               "wanted to write then is not known, so more may be needed",
               human_seconds(static_cast<double>(of.throttled_s))));
  }
  if (of.stretches > 1) {
    notes.push_back(
        format("the trace has {} (the daemon did not run, or did not answer); behind "
               "each the buffer is taken as empty",
               of.stretches == 2 ? "a gap" : format("{} gaps", of.stretches - 1)));
  }
  if (of.minutes_s > 0) {
    notes.push_back(
        format("{} of it are known by the minute only: bursts within a minute are "
               "evened out",
               human_seconds(static_cast<double>(of.minutes_s))));
  }
  if (plan.rate.source == RateSource::measured) {
    notes.push_back(
        "bandwidth is not set, or the link carried less than it allows: --bandwidth "
        "shows what another rate means");
  }
  if (plan.rate.source == RateSource::highest_seen) {
    notes.push_back(
        "bandwidth is not set, and the WAN never limited the link: it carries at least "
        "the rate above. --bandwidth shows what another rate means");
  }
  if (options.outage_s && !plan.outage) {
    notes.push_back(
        format("no answer about the outage: the longest stretch of the trace without a "
               "gap is {}",
               human_seconds(static_cast<double>(of.longest_stretch_s))));
  }
  return notes;
}

std::string render_plan(const ShownPlan& shown, const Painter& paint) {
  const Plan& plan = shown.plan;
  Lines lines(paint);
  lines.title("link " + printable(shown.link));
  lines.add("trace", format("{} to {}, {} known", utc_second(plan.trace.from_wall),
                            utc_second(plan.trace.to_wall),
                            human_seconds(static_cast<double>(plan.trace.seconds))));
  lines.add("came", format("{}, at most {} in a second; compression ratio {}",
                           human_bytes(plan.trace.raw_bytes),
                           human_rate(plan.trace.raw_peak_bytes_s), ratio_text(plan)));
  lines.add("link rate",
            format("{} ({}): {}", human_rate(plan.rate.bytes_s),
                   show_rate(static_cast<std::uint64_t>(plan.rate.bytes_s)), rate_words(plan)));
  lines.add("memlimit", format("{}, of which {} to send", human_bytes(plan.memlimit_bytes),
                               human_bytes(plan.share_bytes)));
  lines.blank();
  lines.title("with this rate and memlimit");
  render_slowed(plan, lines);
  const auto& lag = plan.replay.lag_s;
  lines.add("lag at most", lag.value > 0
                               ? format("{} at {}", human_seconds(lag.value), utc_second(lag.wall))
                               : human_seconds(0));
  lines.blank();
  lines.title("so that the source is never slowed");
  lines.add("in 99.95 %", need_text(plan.need_9995_bytes));
  lines.add("in 100 %", need_text(plan.replay.need_bytes.value));
  if (plan.outage) render_outage(*plan.outage, lines);
  std::string out = lines.text();
  if (!shown.notes.empty()) out += "\n";
  for (const std::string& note : shown.notes) out += "note: " + printable(note) + "\n";
  return out;
}

namespace {

json::object need_to_json(double send_share) {
  return {{"send_share_bytes", std::round(send_share)},
          {"memlimit_bytes", memlimit_of(send_share)}};
}

json::value outage_to_json(const std::optional<OutagePlan>& outage) {
  if (!outage) return nullptr;
  json::object out{{"seconds", outage->seconds},
                   {"at", utc_second(outage->from_wall)},
                   {"need", need_to_json(outage->need_bytes)},
                   {"slowed_seconds", outage->slowed_s},
                   {"lag_seconds", outage->lag_s}};
  out["drain_seconds"] = outage->drain_s ? json::value(*outage->drain_s) : json::value(nullptr);
  return out;
}

json::object trace_to_json(const Plan& plan) {
  const auto& of = plan.trace;
  json::object out{{"from", utc_second(of.from_wall)},
                   {"to", utc_second(of.to_wall)},
                   {"known_seconds", of.seconds},
                   {"known_by_minute_seconds", of.minutes_s},
                   {"gaps", of.stretches - 1},
                   {"longest_stretch_seconds", of.longest_stretch_s},
                   {"buffer_full_seconds", of.throttled_s},
                   {"raw_bytes", of.raw_bytes},
                   {"raw_peak_bytes_s", of.raw_peak_bytes_s}};
  out["ratio"] = of.stored_bytes > 0 ? json::value(of.raw_bytes / of.stored_bytes) : nullptr;
  return out;
}

}  // namespace

json::object plan_to_json(const ShownPlan& shown) {
  static constexpr std::array<const char*, 4> kSources{"given", "bandwidth", "measured",
                                                       "highest_seen"};
  const Plan& plan = shown.plan;
  json::object rate{{"bytes_s", plan.rate.bytes_s},
                    {"source", kSources[static_cast<std::size_t>(plan.rate.source)]},
                    {"wire_bytes_per_stored_byte", plan.rate.overhead}};
  const auto measured = plan.rate.measured_bytes_s;
  rate["measured_bytes_s"] = measured ? json::value(*measured) : json::value(nullptr);
  json::array worst;
  for (const trace::Window& window : plan.replay.worst) {
    worst.push_back(json::object{{"at", utc_second(window.from_wall)},
                                 {"seconds", window.seconds},
                                 {"waiting_bytes", window.waiting_bytes}});
  }
  const auto& need = plan.replay.need_bytes;
  json::object all = need_to_json(need.value);
  all["at"] = utc_second(need.wall);
  return {{"link", shown.link},
          {"trace", trace_to_json(plan)},
          {"rate", std::move(rate)},
          {"memlimit_bytes", plan.memlimit_bytes},
          {"send_share_bytes", plan.share_bytes},
          {"slowed_seconds", plan.replay.slowed_s},
          {"slowed_windows", plan.replay.windows},
          {"worst_windows", std::move(worst)},
          {"lag_max_seconds", plan.replay.lag_s.value},
          {"need_99_95_percent", need_to_json(plan.need_9995_bytes)},
          {"need_100_percent", std::move(all)},
          {"outage", outage_to_json(plan.outage)},
          {"notes", json::array(shown.notes.begin(), shown.notes.end())}};
}

std::vector<Chart> charts_of(const ShownPlan& shown) {
  const Plan& plan = shown.plan;
  Chart need{.title = format("link {}: buffer needed to send", shown.link),
             .unit = ChartUnit::bytes,
             .limits = {{plan.share_bytes,
                         format("to send of memlimit {}", human_bytes(plan.memlimit_bytes))}}};
  Chart lag{.title = "lag with this memlimit", .unit = ChartUnit::seconds};
  need.begin(plan.trace.from_wall, plan.trace.to_wall);
  lag.begin(plan.trace.from_wall, plan.trace.to_wall);
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const trace::Step& step = plan.steps[i];
    need.put(step.wall, step.seconds, plan.replay.queue_bytes[i]);
    lag.put(step.wall, step.seconds, plan.replay.lags_s[i]);
  }
  return {std::move(need), std::move(lag)};
}

}  // namespace longthrow::cli
