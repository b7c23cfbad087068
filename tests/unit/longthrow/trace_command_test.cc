// SPDX-License-Identifier: Apache-2.0
// `longthrow plan` and `longthrow report` through the command line, with a trace whose answers can
// be reckoned by hand.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "proxy/control/json.h"
#include "proxy/trace/block.h"
#include "proxy/trace/columns.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/longthrow/run_cli.h"
#include "tools/longthrow/trace/svg_chart.h"

namespace longthrow::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using trace::Column;

constexpr std::uint64_t kMi = 1024 * 1024;
constexpr std::int64_t kBegin = 1'767'225'600;  // 2026-01-01T00:00:00Z

// 20 minutes: 6 MiB a second, half of it after compression, over 4 MiB a second. From the 600th
// second on the link is down for 30 s and the lag rises by a second each second.
class TraceCommands : public ::testing::Test {
 protected:
  TraceCommands() {
    std::string bytes;
    for (std::uint64_t minute = 0; minute < 20; ++minute) {
      trace::Block link{.kind = trace::Kind::link, .name = "dr"};
      trace::Block group{.kind = trace::Kind::group, .name = "vm1", .link = "dr"};
      for (std::uint64_t tick = minute * 60; tick < minute * 60 + 60; ++tick)
        add(tick, link, group);
      bytes += encode_block(link) + encode_block(group);
    }
    folder_.write("node.trace", bytes);
  }
  static void add(std::uint64_t tick, trace::Block& link, trace::Block& group) {
    trace::Row row{.run = 1, .tick = tick, .wall = kBegin + static_cast<std::int64_t>(tick)};
    const bool down = tick >= 600 && tick < 630;
    row[Column::lag_ms] = down ? (tick - 599) * 1000 : 50;
    group.rows.push_back(row);
    group.rows.back()[Column::not_consistent_s] = down ? 1 : 0;
    if (tick == 600) group.notes.push_back({group.rows.size() - 1, "r0 <lost> 5 bytes"});
    if (tick == 630) group.notes.push_back({group.rows.size() - 1, ""});
    row[Column::raw_in] = row[Column::framed_raw] = 6 * kMi;
    row[Column::framed_stored] = row[Column::wire_out] = 3 * kMi;
    row[Column::bandwidth] = 4 * kMi;
    row[Column::memlimit] = 400 * kMi;
    row[Column::send_limit] = 300 * kMi;
    row[Column::up_s] = down ? 0 : 1;
    link.rows.push_back(row);
  }
  CliResult run(std::vector<std::string> words) {
    words.insert(words.begin() + 1, {"--trace", folder_ / "node.trace"});
    return run_cli(words);
  }
  json::object run_json(std::vector<std::string> words) {
    words.emplace_back("--json");
    const CliResult result = run(words);
    EXPECT_EQ(result.code, 0) << result.err;
    return json::parse(result.out).as_object();
  }
  static double number(const json::value& value) { return value.to_number<double>(); }

  TempDir folder_;
};

TEST_F(TraceCommands, PlanTellsWhatTheCutOfTheTraceNeeded) {
  const json::object plan = run_json({"plan"});
  EXPECT_EQ(plan.at("link"), "dr");
  EXPECT_EQ(plan.at("rate").at("source"), "bandwidth");
  EXPECT_EQ(number(plan.at("need_100_percent").at("send_share_bytes")), 90.0 * kMi);
  EXPECT_EQ(number(plan.at("need_100_percent").at("memlimit_bytes")), 120.0 * kMi);
  EXPECT_EQ(plan.at("need_100_percent").at("at"), "2026-01-01T00:10:29Z");
  EXPECT_EQ(number(plan.at("slowed_seconds")), 0.0);
  EXPECT_EQ(number(plan.at("trace").at("ratio")), 2.0);
  EXPECT_NEAR(number(plan.at("lag_max_seconds")), 30.0, 0.5);
  EXPECT_TRUE(plan.at("outage").is_null());
}

TEST_F(TraceCommands, PlanTellsWhatAnOutageAtTheWorstMomentNeeds) {
  const json::object plan = run_json({"plan", "dr", "--outage", "1m", "--memlimit", "160MiB"});
  // The worst moment is a minute before the cut of the trace: then it is down for 90 s.
  const json::value& outage = plan.at("outage");
  EXPECT_EQ(outage.at("at"), "2026-01-01T00:09:00Z");
  EXPECT_EQ(number(outage.at("need").at("send_share_bytes")), 270.0 * kMi);
  EXPECT_EQ(number(outage.at("need").at("memlimit_bytes")), 360.0 * kMi);
  EXPECT_NEAR(number(outage.at("slowed_seconds")), 50.0 + 150.0, 1.5);
}

TEST_F(TraceCommands, PlanSaysWhenASmallerBufferWouldHaveSlowedTheSource) {
  const CliResult text = run({"plan", "--memlimit", "64MiB", "--plot", folder_ / "plan.svg"});
  EXPECT_EQ(text.code, 0) << text.err;
  // 48 MiB are full after 16 s; 42 MiB too many drain by 1 MiB a second.
  EXPECT_THAT(text.out, HasSubstr("source slowed  once, 56.0 s in sum"));
  EXPECT_THAT(text.out, HasSubstr("2026-01-01T00:10:16Z  for 56.0 s, with 42.0 MiB waiting"));
  EXPECT_THAT(text.out, HasSubstr("memlimit = \"120MiB\""));
  EXPECT_THAT(text.out, HasSubstr("note: the trace has only 20 min 0 s"));
  const std::string svg = read_text(folder_ / "plan.svg");
  EXPECT_THAT(svg, HasSubstr("<polyline"));
  EXPECT_THAT(svg, HasSubstr("memlimit 64.0 MiB"));
}

TEST_F(TraceCommands, PlanRefusesWhatItCannotReckonWith) {
  EXPECT_EQ(run({"plan", "--bandwidth", "100"}).code, 2);
  EXPECT_EQ(run({"plan", "--bandwidth", "unlimited"}).code, 2);
  EXPECT_EQ(run({"plan", "--memlimit", "1MiB"}).code, 2);
  EXPECT_EQ(run({"plan", "--outage", "5"}).code, 2);
  const CliResult other = run({"plan", "nix"});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("no link 'nix'; it has dr"));
  EXPECT_THAT(run_cli({"plan", "--trace", folder_ / "none"}).err, HasSubstr("there is no file"));
  folder_.write("text", "this is no trace");
  EXPECT_THAT(run_cli({"plan", "--trace", folder_ / "text"}).err, HasSubstr("is no trace"));
  EXPECT_THAT(run_cli({"plan", "--control", folder_ / "none"}).err, HasSubstr("--trace"));
}

TEST_F(TraceCommands, AFolderIsReadAndDamageIsSaid) {
  const std::string whole = read_text(folder_ / "node.trace");
  folder_.write("state/seconds-00000001", whole.substr(0, whole.size() - 3));
  folder_.write("state/other", "not of the trace");
  const CliResult text = run_cli({"plan", "--trace", folder_ / "state"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("note: damaged pieces of the trace are left out: 1 ("));
}

TEST_F(TraceCommands, ReportTellsTheMonth) {
  const json::object all = run_json({"report", "--month", "2026-01"});
  ASSERT_EQ(all.at("reports").as_array().size(), 1U);
  const json::value& report = all.at("reports").at(0);
  EXPECT_EQ(report.at("link"), "dr");
  EXPECT_EQ(report.at("known_seconds"), 1200);
  EXPECT_EQ(report.at("unknown_seconds"), 31 * 86400 - 1200);
  // 1170 s of 0.05 s, then 1 to 30: the 1188th is 18.
  EXPECT_EQ(number(report.at("rpo_seconds").at("p50")), 0.05);
  EXPECT_EQ(number(report.at("rpo_seconds").at("p99")), 18.0);
  EXPECT_EQ(number(report.at("rpo_seconds").at("max")), 30.0);
  EXPECT_EQ(report.at("worst_minute").at("at"), "2026-01-01T00:10:00Z");
  EXPECT_EQ(report.at("outages").at("count"), 1);
  EXPECT_EQ(report.at("outages").at("longest_seconds"), 30);
  const json::value& copy = report.at("groups").at("vm1").at("not_consistent");
  EXPECT_EQ(copy.at("seconds"), 30);
  EXPECT_EQ(copy.at("longest").at(0).at("reason"), "r0 <lost> 5 bytes");
}

TEST_F(TraceCommands, ReportOfAGroupOverAnHourIsReadByPeople) {
  const CliResult text =
      run({"report", "vm1", "--since", "2026-01-01T00:00:00Z", "--until", "2026-01-01T00:40:00Z"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("group vm1 (link dr): 2026-01-01T00:00:00Z to"));
  EXPECT_THAT(text.out, HasSubstr("50.00 % of the time; 20 min 0 s unknown"));
  EXPECT_THAT(text.out, HasSubstr("p50 0.1 s, p95 0.1 s, p99 18.0 s, max 30.0 s"));
  EXPECT_THAT(text.out, HasSubstr("link down               1, 30 s in sum, the longest 30 s"));
  EXPECT_THAT(text.out, HasSubstr("2026-01-01T00:10:00Z  30 s: r0 <lost> 5 bytes"));
}

TEST_F(TraceCommands, ThePageAsksForNothingAndTakesNoTextForMarkup) {
  const CliResult text = run({"report", "--month", "2026-01", "--html", folder_ / "report.html"});
  EXPECT_EQ(text.code, 0) << text.err;
  std::string page = read_text(folder_ / "report.html");
  EXPECT_THAT(page, HasSubstr("r0 &lt;lost&gt; 5 bytes"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, HasSubstr("@media print"));
  const std::string name_of_svg = "http://www.w3.org/2000/svg";
  page.erase(page.find(name_of_svg), name_of_svg.size());
  for (const char* what : {"http:", "https:", "src=", "href=", "url(", "<script", "@import"})
    EXPECT_THAT(page, Not(HasSubstr(what)));
}

TEST_F(TraceCommands, ReportRefusesTimesThatAreNone) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"report", "--month", "2026-13"},
                                             {"report", "--month", "2026-01", "--since", "1h"},
                                             {"report", "--until", "1h"},
                                             {"report", "--since", "soon"},
                                             {"report", "--since", "1h", "--until", "2h"},
                                             {"report", "--month", "2099-01"}}) {
    EXPECT_EQ(run(words).code, 2) << words[1] << words.back();
  }
  EXPECT_THAT(run({"report", "nix", "--month", "2026-01"}).err, HasSubstr("no link or group"));
}

TEST(SvgChart, WhatIsNotKnownStaysBlank) {
  cli::Chart chart;
  chart.begin(1000, 1010);
  chart.put(1000, 3, 5.0);
  chart.put(1008, 2, 7.0);
  chart.put(1009, 1, 1.0);   // less than what is there
  chart.put(2000, 1, 99.0);  // outside
  ASSERT_EQ(chart.values.size(), 10U);
  EXPECT_EQ(chart.values[2], 5.0);
  EXPECT_FALSE(chart.values[3]);
  EXPECT_EQ(chart.values[9], 7.0);
  const std::string svg = cli::svg_document({chart});
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = svg.find("<polyline", at)) != std::string::npos; ++at) ++lines;
  EXPECT_EQ(lines, 2U);
}

}  // namespace
}  // namespace longthrow::test
