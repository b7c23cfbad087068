// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/trace/trace_commands.h"

#include "tools/longthrow/add_command.h"

namespace longthrow::cli {
namespace {

void add_trace(CLI::App& command, CommandLine& into) {
  command
      .add_option("--trace", into.trace,
                  "A copy of a node's trace, a file or a folder, instead of the daemon's")
      ->type_name("FILE");
}

void add_plan(CLI::App& app, CommandLine& into) {
  CLI::App* plan = add_command(
      app, into, "plan",
      "Replay what a link has carried: how much buffer, what another rate or an outage means",
      "  longthrow plan                                 with the link's own rate and memlimit\n"
      "  longthrow plan dr --outage 20m                 cut at the worst moment\n"
      "  longthrow plan dr --bandwidth 50mbit --memlimit 4GiB --plot plan.svg\n"
      "  cat /var/lib/longthrow/trace/* > alpha.trace   and elsewhere\n"
      "  longthrow plan --trace alpha.trace --json | jq .need_99_95_percent\n"
      "The daemon keeps a trace: each second of the last 48 hours, each minute of 400 days. What\n"
      "the sources gave is sent again through a model of the buffer. It says whether they would\n"
      "have been slowed, when and for how long, and which memlimit would have prevented it. See\n"
      "docs/SIZING.md.");
  plan->add_option("LINK", into.name, "The link's name; not needed where there is one alone");
  add_trace(*plan, into);
  plan->add_option("--bandwidth", into.plan.bandwidth, "What the link carries, e.g. 100mbit")
      ->type_name("RATE");
  plan->add_option("--memlimit", into.plan.memlimit, "The link's memlimit, e.g. 4GiB")
      ->type_name("SIZE");
  plan->add_option("--outage", into.plan.outage, "Cut the link for TIME at the worst moment")
      ->type_name("TIME");
  plan->add_option("--plot", into.plan.plot, "Also draw it, as SVG")->type_name("FILE");
}

void add_report(CLI::App& app, CommandLine& into) {
  CLI::App* report = add_command(
      app, into, "report", "Show how far behind the copies were in a month: the RPO report",
      "  longthrow report                        this month, of every link\n"
      "  longthrow report vm1 --month 2026-10    of a group or a link\n"
      "  longthrow report --since 24h            also --until, also 2026-01-31T12:00:00Z\n"
      "  longthrow report --month 2026-10 --html october.html\n"
      "  longthrow report --json | jq '.reports[0].rpo_seconds'\n"
      "Percentiles of the lag in seconds, the worst minute, outages, full buffers, copies that "
      "were\n"
      "not consistent and why, and how much of the time is known at all. Times are UTC. Run it at\n"
      "the node of the primary: the lag is what the other site lacks.");
  report->add_option("NAME", into.name, "Only of this link or group");
  add_trace(*report, into);
  report->add_option("--month", into.report.month, "A month, e.g. 2026-01; else the present one")
      ->type_name("MONTH");
  report->add_option("--since", into.since, "From TIME ago (24h), or from a UTC time")
      ->type_name("TIME");
  report->add_option("--until", into.report.until, "Until TIME ago, or until a UTC time")
      ->type_name("TIME");
  report->add_option("--html", into.report.html, "Also write it as a page, to mail or print")
      ->type_name("FILE");
}

}  // namespace

void add_trace_commands(CLI::App& app, CommandLine& into) {
  add_plan(app, into);
  add_report(app, into);
}

}  // namespace longthrow::cli
