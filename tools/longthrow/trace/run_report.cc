// SPDX-License-Identifier: Apache-2.0
// `longthrow report`: how far behind the copies were, over a month or another time.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <ostream>

#include "proxy/base/durable_file.h"
#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "proxy/control/loss_json.h"
#include "tools/longthrow/commands.h"
#include "tools/longthrow/trace/read_trace.h"
#include "tools/longthrow/trace/render_report.h"
#include "tools/longthrow/trace/report_html.h"

namespace longthrow::cli {
namespace {

using trace::Period;
using trace::Timeline;

constexpr unsigned kHtmlMode = 0644;

std::int64_t seconds_of_wall(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

// "24h": so long ago; else a time in UTC.
Result<std::int64_t> moment_of(const std::string& option, const std::string& text,
                               std::int64_t now) {
  if (const auto ago = parse_duration(text))
    return now - std::chrono::floor<std::chrono::seconds>(*ago).count();
  if (const auto time = control::parse_utc(text)) return seconds_of_wall(*time);
  return fail(option + ": give a time like \"24h\" or \"2026-01-31T12:00:00Z\"");
}

// What has not yet come is no part of it.
Result<Period> period_of(const CommandLine& line, std::int64_t now) {
  const ReportWords& words = line.report;
  const bool since = !line.since.empty();
  if (!words.month.empty() && (since || !words.until.empty()))
    return fail("give --month, or --since and --until");
  if (!words.until.empty() && !since) return fail("--until needs --since");
  Period period = trace::month_at(now);
  if (!words.month.empty()) {
    const auto month = trace::month_of(words.month);
    if (!month) return fail("--month: give a month like 2026-01");
    period = *month;
  }
  if (since) {
    const auto from = moment_of("--since", line.since, now);
    if (!from) return std::unexpected(from.error());
    period = {.since = *from, .until = now};
  }
  if (!words.until.empty()) {
    const auto until = moment_of("--until", words.until, now);
    if (!until) return std::unexpected(until.error());
    period.until = *until;
  }
  period.until = std::min(period.until, now);
  if (period.since >= period.until) return fail("the time ends before it begins");
  return period;
}

std::vector<const Timeline*> groups_of(const trace::TraceBook& book, const std::string& link) {
  std::vector<const Timeline*> groups;
  for (const auto& [name, group] : book.groups()) {
    if (group.link == link) groups.push_back(&group);
  }
  return groups;
}

Timeline empty_timeline(trace::Kind kind, const std::string& name) {
  return {.kind = kind, .name = name, .link = {}, .rows = {}, .notes = {}};
}

// Of the link and, where it has several, of its groups.
void report_link(const trace::TraceBook& book, const std::string& name, const Period& period,
                 std::vector<trace::RpoReport>& reports) {
  const auto found = book.links().find(name);
  const Timeline none = empty_timeline(trace::Kind::link, name);
  const Timeline& link = found == book.links().end() ? none : found->second;
  const auto groups = groups_of(book, name);
  reports.push_back(trace::make_report(link, link, groups, period));
  if (groups.size() < 2) return;
  for (const Timeline* group : groups)
    reports.push_back(trace::make_report(*group, link, {group}, period));
}

void report_group(const trace::TraceBook& book, const std::string& name, const Period& period,
                  std::vector<trace::RpoReport>& reports) {
  const auto found = book.groups().find(name);
  const Timeline none = empty_timeline(trace::Kind::group, name);
  const Timeline& group = found == book.groups().end() ? none : found->second;
  const auto link = book.links().find(group.link);
  const Timeline no_link = empty_timeline(trace::Kind::link, group.link);
  reports.push_back(trace::make_report(group, link == book.links().end() ? no_link : link->second,
                                       {&group}, period));
}

// Those of NAME, or of every link. Empty: there is no such name.
std::vector<trace::RpoReport> reports_of(const trace::TraceBook& book, const std::string& wanted,
                                         const Period& period) {
  std::vector<trace::RpoReport> reports;
  for (const std::string& name : book.link_names()) {
    if (wanted.empty() || name == wanted) report_link(book, name, period, reports);
  }
  if (reports.empty() && book.group_names().contains(wanted))
    report_group(book, wanted, period, reports);
  return reports;
}

}  // namespace

int run_report(const CommandLine& line, const Output& output) {
  const std::int64_t now = seconds_of_wall(std::chrono::system_clock::now());
  const auto period = period_of(line, now);
  if (!period) return not_done(line, output, period.error().message, kWrongUsage);
  const auto found =
      read_trace({.path = line.trace, .control = line.control}, [&](const trace::Block& block) {
        return block.rows.front().wall < period->until && block.rows.back().wall >= period->since;
      });
  if (!found) return not_done(line, output, found.error().message);
  ShownReports shown{.reports = reports_of(found->book, line.name, *period),
                     .notes = notes_about_trace(*found)};
  if (found->book.oldest_wall() > period->since)
    shown.notes.push_back("the trace begins " + utc_second(found->book.oldest_wall()));
  if (shown.reports.empty())
    return not_done(line, output, format("the trace has no link or group '{}'", line.name));
  if (!line.report.html.empty()) {
    const auto written = replace_file(std::filesystem::absolute(line.report.html),
                                      reports_to_html(shown), kHtmlMode);
    if (!written) return not_done(line, output, written.error().message);
  }
  if (line.json) {
    output.out << json::serialize(reports_to_json(shown)) << std::endl;
  } else {
    output.out << render_reports(shown, Painter(output.colours)) << std::flush;
  }
  return kDone;
}

}  // namespace longthrow::cli
