// SPDX-License-Identifier: Apache-2.0
// `longthrow plan`: the trace of a link, replayed.
#include <filesystem>
#include <ostream>

#include "longthrow/config.h"
#include "proxy/base/durable_file.h"
#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "tools/longthrow/commands.h"
#include "tools/longthrow/trace/read_trace.h"
#include "tools/longthrow/trace/render_plan.h"
#include "tools/longthrow/trace/svg_chart.h"

namespace longthrow::cli {
namespace {

constexpr unsigned kPlotMode = 0644;

// What was typed, with the option named in what is wrong.
Result<trace::PlanOptions> options_of(const PlanWords& words) {
  trace::PlanOptions options;
  if (!words.bandwidth.empty()) {
    const auto rate = parse_rate(words.bandwidth);
    if (!rate) return fail("--bandwidth: " + rate.error().message);
    if (*rate == 0) return fail("--bandwidth: give a rate; an unlimited link needs no buffer");
    options.bandwidth_bytes_s = *rate;
  }
  if (!words.memlimit.empty()) {
    const auto size = parse_size(words.memlimit);
    if (!size) return fail("--memlimit: " + size.error().message);
    if (*size < kMemlimitMin) return fail("--memlimit: must be at least 16MiB");
    options.memlimit_bytes = *size;
  }
  if (!words.outage.empty()) {
    const auto time = parse_duration(words.outage);
    if (!time) return fail("--outage: " + time.error().message);
    if (*time < std::chrono::seconds(1)) return fail("--outage: give a time of 1s or more");
    options.outage_s = seconds_of(*time);
  }
  return options;
}

Result<std::string> chosen_link(const trace::TraceBook& book, const std::string& wanted) {
  std::string names;
  for (const std::string& name : book.link_names()) names += (names.empty() ? "" : ", ") + name;
  if (wanted.empty() && book.link_names().size() == 1) return *book.link_names().begin();
  if (wanted.empty()) return fail("which link? The trace has " + names);
  if (book.link_names().contains(wanted)) return wanted;
  return fail(format("the trace has no link '{}'; it has {}", wanted, names));
}

std::vector<std::string> notes_about(const FoundTrace& found, const trace::Plan& plan,
                                     const trace::PlanOptions& options) {
  std::vector<std::string> notes = notes_of(plan, options);
  for (std::string& note : notes_about_trace(found)) notes.push_back(std::move(note));
  return notes;
}

}  // namespace

int run_plan(const CommandLine& line, const Output& output) {
  const auto options = options_of(line.plan);
  if (!options) return not_done(line, output, options.error().message, kWrongUsage);
  const auto found =
      read_trace({.path = line.trace, .control = line.control}, [&](const trace::Block& block) {
        return block.kind == trace::Kind::link && (line.name.empty() || block.name == line.name);
      });
  if (!found) return not_done(line, output, found.error().message);
  const auto link = chosen_link(found->book, line.name);
  if (!link) return not_done(line, output, link.error().message);
  const auto plan = trace::make_plan(found->book.links().at(*link), *options);
  if (!plan) return not_done(line, output, plan.error().message);

  const ShownPlan shown{
      .link = *link, .plan = *plan, .notes = notes_about(*found, *plan, *options)};
  if (!line.plan.plot.empty()) {
    const std::string svg = svg_document(charts_of(shown));
    if (const auto written =
            replace_file(std::filesystem::absolute(line.plan.plot), svg, kPlotMode);
        !written)
      return not_done(line, output, written.error().message);
  }
  if (line.json) {
    output.out << json::serialize(plan_to_json(shown)) << std::endl;
  } else {
    output.out << render_plan(shown, Painter(output.colours)) << std::flush;
  }
  return kDone;
}

}  // namespace longthrow::cli
