// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/trace/render_report.h"

#include "proxy/base/log.h"
#include "tools/longthrow/trace/read_trace.h"

namespace longthrow::cli {
namespace {

using trace::Episode;
using trace::Episodes;
using trace::RpoReport;

constexpr std::size_t kListed = 5;

std::string whole_seconds(std::uint64_t seconds) {
  return seconds < 60 ? format("{} s", seconds) : human_seconds(static_cast<double>(seconds));
}

ReportLine episode_line(const std::string& name, const Episodes& episodes, Paint paint) {
  if (episodes.count == 0) return {.name = name, .value = "none", .list = {}, .paint = Paint::none};
  ReportLine line{
      .name = name,
      .value = format("{}, {} in sum, the longest {}", episodes.count,
                      whole_seconds(episodes.seconds), whole_seconds(episodes.longest_s)),
      .list = {},
      .paint = paint};
  for (const Episode& each : episodes.longest) {
    if (line.list.size() >= kListed) break;
    line.list.push_back(format("{}  {}{}", utc_second(each.from_wall), whole_seconds(each.seconds),
                               each.reason.empty() ? "" : ": " + printable(each.reason)));
  }
  if (episodes.count > line.list.size())
    line.list.push_back(format("and {} shorter ones", episodes.count - line.list.size()));
  return line;
}

std::string percent_text(const RpoReport& report) {
  const double percent = covered_percent(report);
  // 100 is said only of a period without a gap.
  return report.unknown_s > 0 ? format("{:.2f} %", std::min(percent, 99.99)) : "100 %";
}

}  // namespace

double covered_percent(const RpoReport& report) {
  const auto all = static_cast<double>(report.known_s + report.unknown_s);
  return all > 0 ? 100.0 * static_cast<double>(report.known_s) / all : 0.0;
}

std::string title_of(const RpoReport& report) {
  const std::string who = report.kind == trace::Kind::link
                              ? "link " + report.name
                              : format("group {} (link {})", report.name, report.link);
  return format("{}: {} to {}", printable(who), utc_second(report.period.since),
                utc_second(report.period.until));
}

std::vector<ReportLine> lines_of(const RpoReport& report) {
  std::vector<ReportLine> lines;
  lines.push_back(
      {.name = "known",
       .value = format("{} of the time; {} unknown (the daemon did not run, or did not answer)",
                       percent_text(report), whole_seconds(report.unknown_s)),
       .list = {},
       .paint = report.unknown_s > 0 ? Paint::warning : Paint::none});
  if (report.known_s == 0) return lines;
  const auto& lag = report.lag_s;
  lines.push_back(
      {.name = "RPO (lag)",
       .value = format("p50 {}, p95 {}, p99 {}, max {}", human_seconds(lag.p50),
                       human_seconds(lag.p95), human_seconds(lag.p99), human_seconds(lag.most)),
       .list = {},
       .paint = Paint::bold});
  const auto& worst = report.worst_minute;
  lines.push_back({.name = "worst minute",
                   .value = worst.most_s > 0
                                ? format("{}: up to {}, {} on average", utc_second(worst.wall),
                                         human_seconds(worst.most_s), human_seconds(worst.mean_s))
                                : "none: there was no lag",
                   .list = {}});
  lines.push_back(episode_line("link down", report.outages, Paint::warning));
  lines.push_back(episode_line("paused", report.paused, Paint::none));
  lines.push_back(episode_line("held", report.held, Paint::none));
  lines.push_back(episode_line("buffer full", report.full, Paint::warning));
  for (const trace::GroupTrust& group : report.groups) {
    lines.push_back(episode_line(format("{} not consistent", printable(group.group)),
                                 group.not_consistent, Paint::bad));
    lines.push_back(episode_line(format("{} copy unknown", printable(group.group)), group.unknown,
                                 Paint::warning));
  }
  lines.push_back({.name = "given by sources",
                   .value = report.raw_bytes > 0
                                ? human_bytes(static_cast<double>(report.raw_bytes))
                                : "nothing: this node is the copy? Ask the node of the primary",
                   .list = {}});
  return lines;
}

std::string render_reports(const ShownReports& shown, const Painter& paint) {
  std::string out;
  for (const RpoReport& report : shown.reports) {
    if (!out.empty()) out += "\n";
    out += paint(Paint::bold, title_of(report)) + "\n";
    for (const ReportLine& line : lines_of(report)) {
      out += format("  {}{}\n", paint(Paint::dim, format("{:<24}", line.name)),
                    paint(line.paint, line.value));
      for (const std::string& each : line.list) out += format("  {:<24}{}\n", "", each);
    }
  }
  if (!shown.notes.empty()) out += "\n";
  for (const std::string& note : shown.notes) out += "note: " + printable(note) + "\n";
  return out;
}

namespace {

json::object episodes_to_json(const Episodes& episodes) {
  json::array longest;
  for (const Episode& each : episodes.longest) {
    json::object row{{"at", utc_second(each.from_wall)}, {"seconds", each.seconds}};
    if (!each.reason.empty()) row["reason"] = each.reason;
    longest.push_back(std::move(row));
  }
  return {{"count", episodes.count},
          {"seconds", episodes.seconds},
          {"longest_seconds", episodes.longest_s},
          {"longest", std::move(longest)}};
}

json::object report_to_json(const RpoReport& report) {
  json::object out{{report.kind == trace::Kind::link ? "link" : "group", report.name},
                   {"since", utc_second(report.period.since)},
                   {"until", utc_second(report.period.until)},
                   {"known_seconds", report.known_s},
                   {"unknown_seconds", report.unknown_s},
                   {"coverage_percent", covered_percent(report)}};
  if (report.kind == trace::Kind::group) out["link"] = report.link;
  if (report.known_s == 0) {
    out["rpo_seconds"] = nullptr;
    return out;
  }
  const auto& lag = report.lag_s;
  out["rpo_seconds"] =
      json::object{{"p50", lag.p50}, {"p95", lag.p95}, {"p99", lag.p99}, {"max", lag.most}};
  out["worst_minute"] = json::object{{"at", utc_second(report.worst_minute.wall)},
                                     {"max_seconds", report.worst_minute.most_s},
                                     {"mean_seconds", report.worst_minute.mean_s}};
  out["outages"] = episodes_to_json(report.outages);
  out["paused"] = episodes_to_json(report.paused);
  out["held"] = episodes_to_json(report.held);
  out["buffer_full"] = episodes_to_json(report.full);
  json::object groups;
  for (const trace::GroupTrust& group : report.groups) {
    groups[group.group] = json::object{{"not_consistent", episodes_to_json(group.not_consistent)},
                                       {"copy_unknown", episodes_to_json(group.unknown)}};
  }
  out["groups"] = std::move(groups);
  out["raw_bytes"] = report.raw_bytes;
  return out;
}

}  // namespace

json::object reports_to_json(const ShownReports& shown) {
  json::array reports;
  for (const RpoReport& report : shown.reports) reports.push_back(report_to_json(report));
  return {{"reports", std::move(reports)},
          {"notes", json::array(shown.notes.begin(), shown.notes.end())}};
}

}  // namespace longthrow::cli
