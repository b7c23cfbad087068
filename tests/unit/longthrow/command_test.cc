// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <future>

#include "tests/unit/control/control_fixture.h"
#include "tests/unit/longthrow/run_cli.h"

namespace longthrow::test {
namespace {

TEST(CommandLine, WrongUsageExitsWith2) {
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"explode"},
      {"--explode", "status"},
      {"status", "extra"},
      {"status", "--watch", "soon"},
      {"set", "dr", "memlimit"},
      {"set", "dr", "colour", "red"},
      {"set", "dr", "memlimit", "lots"},
      {"set", "dr", "memlimit", "1MiB"},
      {"set", "dr", "bandwidth", "100"},
      {"set", "dr", "compression", "zip"},
      {"drain"},
      {"drain", "vm1", "--timeout", "30"},
      {"ping", "dr", "--count", "0"},
      {"pause"},
      {"takeover"},
      {"genkey"},
      {"genkey", "--json"},
      {"genkey", "--identity", "x"},
      {"restart-check", "--timeout", "10s"},
      {"restart-check", "--wait", "--timeout", "10"},
      {"genkey", "-o", "a", "--fingerprint", "b"},
  };
  for (const auto& words : wrong) {
    const CliResult result = run_cli(words);
    EXPECT_EQ(result.code, 2) << ::testing::PrintToString(words);
    EXPECT_FALSE(result.err.empty()) << ::testing::PrintToString(words);
  }
}

TEST(CommandLine, HelpAndVersionExitWith0) {
  EXPECT_EQ(run_cli({"--help"}).code, 0);
  EXPECT_EQ(run_cli({"drain", "--help"}).code, 0);
  EXPECT_NE(run_cli({"--version"}).out.find(LONGTHROW_VERSION), std::string::npos);
}

TEST(CommandLine, MissingDaemonIsToldAndExitsWith1) {
  const CliResult result = run_cli({"--control", "/nonexistent/c.sock", "status"});
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("longthrowd is not running"), std::string::npos);
}

class Command : public ControlTest {
 protected:
  Command() { start(); }
  CliResult cli(std::vector<std::string> words) {
    words.insert(words.begin(), {"--control", path()});
    return run_cli(words);
  }
};

TEST_F(Command, StatusJsonIsTheObjectItself) {
  const CliResult result = cli({"status", "--json"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(json::parse(result.out).at("links").at("dr").at("peer").as_string(), "beta");
}

TEST_F(Command, StatusIsAScreen) {
  EXPECT_NE(cli({"status"}).out.find("LINK dr up, peer beta"), std::string::npos);
}

TEST_F(Command, ControlMayStandBehindTheCommand) {
  EXPECT_EQ(run_cli({"status", "--control", path()}).code, 0);
}

TEST_F(Command, ControlIsTakenFromTheEnvironment) {
  ::setenv("LONGTHROW_CONTROL", path().c_str(), 1);
  EXPECT_EQ(run_cli({"status"}).code, 0);
  EXPECT_EQ(run_cli({"--control", "/nonexistent", "status"}).code, 1);
  ::unsetenv("LONGTHROW_CONTROL");
}

TEST_F(Command, SetSaysHowLongItLasts) {
  EXPECT_NE(cli({"set", "dr", "memlimit", "2GiB"}).out.find("until restart or reload"),
            std::string::npos);
  EXPECT_NE(cli({"set", "dr", "memlimit", "2GiB", "--save"}).out.find("saved to conf.d"),
            std::string::npos);
  EXPECT_EQ(std::get<SetMemlimit>(commands().at(0)).bytes, 2 * kGiB);
}

TEST_F(Command, WhatTheNodeRefusesExitsWith1AndSaysWhy) {
  loop_->call(
      [&] { node_.next_answer = {.ok = false, .message = "the link is up", .details = {"x"}}; });
  const CliResult result = cli({"takeover", "dr"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "longthrow takeover: the link is up\n  x\n");
}

TEST_F(Command, EachSendsItsOwn) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"pause", "dr", "--drain"},
                                                                 {"resume", "dr"},
                                                                 {"takeover", "vm1", "--force"},
                                                                 {"release", "dr"},
                                                                 {"accept-consistent", "vm1"},
                                                                 {"restart-check"}}) {
    EXPECT_EQ(cli(words).code, 0) << words[0];
  }
  const auto sent = commands();
  EXPECT_TRUE(std::get<Pause>(sent.at(0)).drain);
  EXPECT_EQ(std::get<Resume>(sent.at(1)).name, "dr");
  EXPECT_TRUE(std::get<Takeover>(sent.at(2)).force);
  EXPECT_EQ(std::get<Release>(sent.at(3)).name, "dr");
  EXPECT_EQ(std::get<AcceptConsistent>(sent.at(4)).group, "vm1");
  EXPECT_TRUE(std::holds_alternative<RestartCheck>(sent.at(5)));
}

TEST_F(Command, LossesAreATableThatSaysWhenItBegins) {
  const WallTime since(std::chrono::seconds(1769000000));
  loop_->call([&] { node_.next_answer = {.losses = LossReport{.since = since}}; });
  EXPECT_EQ(cli({"losses"}).out, "nothing was lost; the ledger begins 2026-01-21T12:53:20.000Z\n");
  LossReport report{.since = since, .minor_left_out = 3, .forgotten = 9, .not_kept = "no space"};
  report.losses.push_back({.number = 12,
                           .at = since,
                           .link = "dr",
                           .group = "vm1",
                           .route = "r0",
                           .reason = LossReason::session_timeout,
                           .channels = 1,
                           .bytes = 5 * kMiB,
                           .perhaps_delivered_bytes = kMiB,
                           .text = "the link was down"});
  loop_->call([&] { node_.next_answer = {.losses = report}; });
  const std::string shown = cli({"losses", "vm1", "--since", "24h", "--minor"}).out;
  for (const char* part :
       {"12", "r0 (vm1, dr)", "5.0 MiB (1.0 MiB perhaps there)", "unknown", "session_timeout",
        "the link was down", "3 minor ones", "the oldest 9", "not kept on the disk: no space"})
    EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
  const auto asked = std::get<Losses>(commands().at(1));
  EXPECT_EQ(asked.name, "vm1");
  EXPECT_EQ(asked.within, std::chrono::hours(24));
  EXPECT_TRUE(asked.minor);
}

TEST_F(Command, EventsAreLinesThatSayWhenTheHistoryBegins) {
  EXPECT_EQ(cli({"events"}).code, 1);
  EXPECT_NE(cli({"events"}).err.find("keeps no history"), std::string::npos);
  EXPECT_EQ(cli({"events", "--since", "yesterday"}).code, 2);
}

TEST_F(Command, PingCountsItsRounds) {
  loop_->call([&] { node_.next_answer = {.rtt_ms = 80.5}; });
  const CliResult result = cli({"ping", "dr", "--count", "2"});
  EXPECT_EQ(result.out, "dr: 80.50 ms\ndr: 80.50 ms\n");
  EXPECT_EQ(commands().size(), 2U);
}

TEST_F(Command, ATakeoverOfACopyThatIsNotConsistentIsToldByItsExitCode) {
  loop_->call([&] { node_.next_answer = {.message = "taken over", .consistent = false}; });
  const CliResult result = cli({"takeover", "dr"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "taken over\n");
  loop_->call([&] { node_.next_answer = {.message = "taken over", .consistent = true}; });
  EXPECT_EQ(cli({"takeover", "dr"}).code, 0);
}

TEST_F(Command, DrainShowsWhatIsLeft) {
  auto result = std::async(std::launch::async, [this] { return cli({"drain", "vm1"}); });
  answer_drain(
      {.done = false,
       .progress = Answer::Progress{.left_bytes = 3 * kMiB, .rate_bytes_s = kMiB, .eta_s = 3}});
  answer_drain({.message = "all applied"});
  const CliResult done = result.get();
  EXPECT_EQ(done.code, 0);
  EXPECT_EQ(done.out.substr(0, done.out.find('\n')), "3.0 MiB left, 1.0 MiB/s, about 3.0 s");
  EXPECT_NE(done.out.find("all applied"), std::string::npos);
}

TEST_F(Command, ReloadListsWhatItDid) {
  store_.config.links["dr"].memlimit = 2 * kGiB;
  store_.config.node.name = "gamma";
  const CliResult result = cli({"reload"});
  EXPECT_EQ(result.code, 0);
  EXPECT_NE(result.out.find("applied: link.dr.memlimit"), std::string::npos);
  EXPECT_NE(result.out.find("needs a restart: node.name"), std::string::npos);
}

TEST_F(Command, ReloadWithErrorsListsThem) {
  store_.errors = {"a.toml:3: link.dr.memlimit: no"};
  const CliResult result = cli({"reload"});
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("a.toml:3"), std::string::npos);
}

TEST_F(Command, JsonAnswersAreThoseOfTheProtocol) {
  const CliResult result = cli({"restart-check", "--json"});
  EXPECT_TRUE(json::parse(result.out).at("ok").as_bool());
}

TEST_F(Command, RestartCheckWaitsUntilTheAnswerIsGood) {
  std::atomic<int> left = 2;
  loop_->call([&] {
    node_.on_execute = [&](const longthrow::Command&) {
      const bool ok = left-- == 0;
      node_.next_answer = {.ok = ok, .message = ok ? "nothing would be lost" : "not now"};
      node_.next_answer.restart.emplace().groups["vm1"].to_peer_bytes = ok ? 0 : 5 * kMiB;
    };
  });
  const CliResult now = cli({"restart-check", "--json"});
  EXPECT_EQ(now.code, 1);
  const json::value group = json::parse(now.out).at("restart").at("groups").at("vm1");
  EXPECT_EQ(group.at("to_peer_bytes").to_number<int>(), 5 * 1024 * 1024);
  EXPECT_FALSE(group.at("free").as_bool());
  const CliResult waited = cli({"restart-check", "--wait", "--timeout", "1m"});
  EXPECT_EQ(waited.code, 0);
  EXPECT_EQ(waited.out, "waiting for vm1: 5.0 MiB under way\nnothing would be lost\n");
}

TEST_F(Command, RestartCheckGivesUpInTime) {
  loop_->call([&] {
    node_.next_answer = {.ok = false, .message = "not now", .details = {"group vm1"}};
    node_.next_answer.restart.emplace().groups["vm1"].barriers_open = 1;
  });
  const CliResult result = cli({"restart-check", "--wait", "--timeout", "1s"});
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("restart-check: not now\n  group vm1\n"), std::string::npos);
}

TEST_F(Command, RestartCheckDoesNotWaitForANodeThatCannotSay) {
  loop_->call([&] { node_.next_answer = {.ok = false, .message = "the node is stopping"}; });
  EXPECT_EQ(cli({"restart-check", "--wait"}).code, 1);
}

TEST_F(Command, DaemonThatGoesAwayIsTold) {
  auto result = std::async(std::launch::async, [this] { return cli({"drain", "vm1"}); });
  ASSERT_TRUE(eventually([&] { return !node_.commands.empty(); }));
  control_.reset();
  const CliResult gone = result.get();
  EXPECT_EQ(gone.code, 1);
  EXPECT_NE(gone.err.find("closed the connection"), std::string::npos);
}

}  // namespace
}  // namespace longthrow::test
