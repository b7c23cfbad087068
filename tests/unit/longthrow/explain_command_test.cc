// SPDX-License-Identifier: Apache-2.0
// `longthrow explain`: what is said of which name, and how. What is judged: tests/unit/explain.
#include "tests/unit/control/control_fixture.h"
#include "tests/unit/longthrow/run_cli.h"
#include "tools/longthrow/explain_json.h"
#include "tools/longthrow/render_explain.h"

namespace longthrow::cli {
namespace {

using explain::Effect;

Status two_groups() {
  Status status = test::sample_status();
  status.groups["held"] = {.link = "dr"};
  status.groups["held"].notices.push_back({.what = NoticeKind::held, .by = "x"});
  status.groups["quiet"] = {.link = "dr"};
  return status;
}

std::string rendered(const Status& status, const std::string& name = "") {
  return render_explanation(explain::explain(nullptr, status), status, name, Painter(false));
}

TEST(RenderExplanation, ALinkAndTheGroupsThatDiffer) {
  const std::string text = rendered(two_groups());
  EXPECT_TRUE(text.starts_with("LINK dr: the lag stays: the WAN is full")) << text;
  EXPECT_NE(text.find("\nGROUP held: the source is stopped: its input is held here"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("GROUP vm1"), std::string::npos) << text;
  EXPECT_EQ(text.find("GROUP quiet"), std::string::npos) << text;
}

TEST(RenderExplanation, AGroupThatIsAskedForHasItsLine) {
  EXPECT_TRUE(rendered(two_groups(), "vm1").starts_with("GROUP vm1: the lag stays: the WAN"));
  EXPECT_EQ(rendered(two_groups(), "vm1").find("LINK"), std::string::npos);
}

TEST(RenderExplanation, ALinkThatIsAskedForComesWithItsGroups) {
  Status status = two_groups();
  status.links["other"] = {};
  const std::string text = rendered(status, "dr");
  EXPECT_NE(text.find("GROUP held"), std::string::npos);
  EXPECT_EQ(text.find("LINK other"), std::string::npos);
}

TEST(RenderExplanation, ANodeWithoutLinksSaysSo) {
  EXPECT_EQ(rendered({}), "no links are configured\n");
}

TEST(RenderExplanation, WhatHurtsIsRed) {
  EXPECT_EQ(paint_of(Effect::keeps_up), Paint::none);
  EXPECT_EQ(paint_of(Effect::lag_shrinks), Paint::warning);
  EXPECT_EQ(paint_of(Effect::source_slowed), Paint::bad);
}

class ExplainCommand : public test::ControlTest {
 protected:
  ExplainCommand() { start(); }
  test::CliResult cli(std::vector<std::string> words) {
    words.insert(words.begin(), {"--control", path()});
    return test::run_cli(words);
  }
};

TEST_F(ExplainCommand, SaysASentence) {
  const test::CliResult result = cli({"explain", "--over", "200ms"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(
      result.out.starts_with("LINK dr: the lag stays: the WAN is full and carries no more"));
}

TEST_F(ExplainCommand, JsonHasTheCauseAndTheNumbersOfAll) {
  const test::CliResult result = cli({"explain", "--over", "200ms", "--json"});
  const json::object answer = json::parse(result.out).get_object();
  const json::object& link = answer.at("links").at("dr").as_object();
  EXPECT_EQ(link.at("cause").as_string(), "wan_full");
  EXPECT_EQ(link.at("where").as_string(), "here");
  EXPECT_EQ(link.at("effect").as_string(), "lag_stays");
  EXPECT_EQ(link.at("numbers").at("lag_bytes").to_number<std::uint64_t>(), 9 * kMiB);
  EXPECT_TRUE(link.at("numbers").at("sent_again_share").is_null());
  EXPECT_TRUE(answer.at("groups").as_object().contains("vm1"));
}

TEST_F(ExplainCommand, JsonOfAGroupIsOfThatGroup) {
  const json::object answer =
      json::parse(cli({"explain", "vm1", "--over", "200ms", "--json"}).out).get_object();
  EXPECT_TRUE(answer.at("links").as_object().empty());
  EXPECT_TRUE(answer.at("groups").as_object().contains("vm1"));
}

TEST_F(ExplainCommand, AnUnknownNameIsToldAndExitsWith1) {
  const test::CliResult result = cli({"explain", "nobody"});
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("no link or group is called 'nobody'"), std::string::npos);
}

TEST_F(ExplainCommand, ATimeThatIsNoneIsWrongUsage) {
  for (const char* time : {"10", "50ms", "2h"}) {
    const test::CliResult result = cli({"explain", "--over", time});
    EXPECT_EQ(result.code, 2) << time;
    EXPECT_NE(result.err.find("--over: "), std::string::npos) << result.err;
  }
}

TEST_F(ExplainCommand, TopWithoutATerminalPrintsOneFrame) {
  const test::CliResult result = cli({"top", "--interval", "0.2"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("LINK"), std::string::npos);
  EXPECT_NE(result.out.find("WAN full"), std::string::npos);
  EXPECT_EQ(result.out.find('\033'), std::string::npos);
}

TEST_F(ExplainCommand, TopInJsonIsWhatExplainSays) {
  const test::CliResult result = cli({"top", "--once", "--interval", "0.2", "--json"});
  EXPECT_EQ(json::parse(result.out).at("links").at("dr").at("cause").as_string(), "wan_full");
}

TEST(TopCommand, AMissingDaemonIsToldAndExitsWith1) {
  const test::CliResult result = test::run_cli({"--control", "/nonexistent/c.sock", "top"});
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("longthrow top: no control socket"), std::string::npos);
}

}  // namespace
}  // namespace longthrow::cli
