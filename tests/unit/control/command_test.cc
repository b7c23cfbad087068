// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/control/control_fixture.h"

namespace longthrow::test {
namespace {

using ControlSocketCommand = ControlTest;
using ControlSocketClient = ControlTest;

TEST_F(ControlSocketCommand, StatusIsTheNodesOwn) {
  start();
  const json::object answer = ask(R"({"command":"status"})");
  EXPECT_TRUE(answer.at("ok").as_bool());
  EXPECT_EQ(answer.at("status").at("links").at("dr").at("peer").as_string(), "beta");
}

TEST_F(ControlSocketCommand, StatusSaysThatARestartIsPending) {
  restart_pending_ = [] { return "replaced"; };
  start(true);
  const json::object answer = ask(R"({"command":"status"})");
  EXPECT_EQ(answer.at("status").at("restart_pending").as_string(), "replaced");
  EXPECT_NE(get("/metrics").find("\nlongthrow_restart_pending 1\n"), std::string::npos);
}

TEST_F(ControlSocketCommand, ACrowdSharesAStatus) {
  start();
  std::vector<std::unique_ptr<ByteClient>> crowd;
  for (int i = 0; i < 20; ++i) crowd.push_back(std::make_unique<ByteClient>(path()));
  for (const auto& client : crowd) client->send("{\"command\":\"status\"}\n");
  for (const auto& client : crowd) EXPECT_TRUE(client->answer().contains("done"));
  int calls = 0;
  loop_->call([&] { calls = node_.status_calls; });
  EXPECT_LT(calls, 20);
}

TEST_F(ControlSocketCommand, AStatusIsNeverOlderThanItsQuestion) {
  start();
  ByteClient client(path());
  for (int i = 1; i <= 5; ++i) {
    client.ask(R"({"command":"status"})");
    int calls = 0;
    loop_->call([&] { calls = node_.status_calls; });
    EXPECT_EQ(calls, i);
  }
}

TEST_F(ControlSocketCommand, SetReachesTheNode) {
  start();
  const json::object answer =
      ask(R"({"command":"set","link":"dr","setting":"memlimit","value":"2GiB"})");
  EXPECT_EQ(answer.at("message").as_string(), "done as told");
  EXPECT_EQ(std::get<SetMemlimit>(commands().at(0)).bytes, 2 * kGiB);
  EXPECT_TRUE(store_.saved.empty());
}

TEST_F(ControlSocketCommand, SetOfAMemlimitThatAFileCouldNotSayIsRefusedInTheSameWords) {
  node_.current.links["dr"].buffer.limit_bytes = kGiB;
  check_memlimits_ = [](const Config& config) -> Result<void> {
    if (config.links.at("dr").memlimit > 2 * kGiB) return fail("the machine has 2 GiB");
    return {};
  };
  start();
  const json::object answer =
      ask(R"({"command":"set","link":"dr","setting":"memlimit","value":"3GiB","save":true})");
  EXPECT_FALSE(answer.at("ok").as_bool());
  EXPECT_EQ(answer.at("message").as_string(), "nothing was changed: the machine has 2 GiB");
  EXPECT_TRUE(commands().empty());
  EXPECT_TRUE(store_.saved.empty());
  EXPECT_TRUE(ask(R"({"command":"set","link":"dr","setting":"memlimit","value":"2GiB"})")
                  .at("ok")
                  .as_bool());
}

TEST_F(ControlSocketCommand, WhatOtherLinksHaveBySetCountsToo) {
  node_.current.links["dr"].buffer.limit_bytes = kGiB;
  store_.config.links["far"] = store_.config.links.at("dr");
  node_.current.links["far"].buffer.limit_bytes = 4 * kGiB;  // by `set`; the file says 1 GiB
  check_memlimits_ = [](const Config& config) -> Result<void> {
    std::uint64_t sum = 0;
    for (const auto& [name, link] : config.links) sum += link.memlimit;
    return sum <= 5 * kGiB ? Result<void>{} : fail("too much");
  };
  start();
  ask(R"({"command":"reload"})");
  const json::object answer =
      ask(R"({"command":"set","link":"dr","setting":"memlimit","value":"2GiB"})");
  EXPECT_FALSE(answer.at("ok").as_bool());
}

TEST_F(ControlSocketCommand, SetSaveIsWrittenOnceTheNodeAgreed) {
  start();
  const json::object answer =
      ask(R"({"command":"set","link":"dr","setting":"bandwidth","value":"100mbit","save":true})");
  EXPECT_EQ(answer.at("saved_to").as_string(), "conf.d/90-set.toml");
  EXPECT_EQ(store_.saved, std::vector<std::string>{"dr.bandwidth=100mbit"});
}

TEST_F(ControlSocketCommand, SetSaveWritesNothingWhenTheNodeRefuses) {
  node_.next_answer = {.ok = false, .message = "no such link"};
  start();
  const json::object answer =
      ask(R"({"command":"set","link":"xx","setting":"memlimit","value":"2GiB","save":true})");
  EXPECT_FALSE(answer.at("ok").as_bool());
  EXPECT_EQ(answer.at("message").as_string(), "no such link");
  EXPECT_TRUE(store_.saved.empty());
}

TEST_F(ControlSocketCommand, SetThatCannotBeSavedSaysThatItActsOnlyNow) {
  store_.save_error = "disk full";
  start();
  const json::object answer =
      ask(R"({"command":"set","link":"dr","setting":"memlimit","value":"2GiB","save":true})");
  EXPECT_FALSE(answer.at("ok").as_bool());
  EXPECT_NE(answer.at("message").as_string().find("disk full"), json::string::npos);
}

TEST_F(ControlSocketCommand, SavedSettingNoLongerDiffersFromTheFile) {
  LinkStatus& link = node_.current.links["dr"];
  link.buffer.limit_bytes = 2 * kGiB;
  link.differs_from_file = {"memlimit", "bandwidth"};
  link.bandwidth.bytes_s = 5;
  start();
  ask(R"({"command":"set","link":"dr","setting":"memlimit","value":"2GiB","save":true})");
  const json::value status = ask(R"({"command":"status"})").at("status");
  EXPECT_EQ(status.at("links").at("dr").at("differs_from_file").as_array(),
            json::array{"bandwidth"});
}

TEST_F(ControlSocketCommand, PingTellsTheRoundTrip) {
  node_.next_answer = {.rtt_ms = 80.5};
  start();
  EXPECT_EQ(ask(R"({"command":"ping","link":"dr"})").at("rtt_ms").as_double(), 80.5);
}

TEST_F(ControlSocketCommand, DrainStreamsProgress) {
  start();
  ByteClient client(path());
  client.send("{\"command\":\"drain\",\"group\":\"vm1\"}\n");
  answer_drain({.done = false, .progress = Answer::Progress{.left_bytes = 7, .eta_s = 1.5}});
  const json::object progress = client.answer();
  EXPECT_FALSE(progress.at("done").as_bool());
  EXPECT_EQ(progress.at("progress").at("left_bytes").as_int64(), 7);
  answer_drain({.message = "all applied"});
  EXPECT_EQ(client.answer().at("message").as_string(), "all applied");
}

TEST_F(ControlSocketCommand, DrainIsAbandonedWhenItsClientGoesAway) {
  start();
  ByteClient client(path());
  client.send("{\"command\":\"drain\",\"group\":\"vm1\",\"hold\":true}\n");
  ASSERT_TRUE(eventually([&] { return node_.commands.size() == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return node_.abandoned.size() == 1; }));
}

TEST_F(ControlSocketCommand, FinishedDrainIsNotAbandoned) {
  start();
  ByteClient client(path());
  client.send("{\"command\":\"drain\",\"group\":\"vm1\",\"hold\":true}\n");
  answer_drain({.message = "held"});
  client.answer();
  client.close();
  ask(R"({"command":"status"})");
  loop_->call([&] { EXPECT_TRUE(node_.abandoned.empty()); });
}

TEST_F(ControlSocketClient, ShuttingDownItsSideStillGetsAShortAnswer) {
  start();
  ByteClient client(path());
  client.send("{\"command\":\"status\"}\n");
  client.half_close();
  EXPECT_TRUE(client.answer().at("ok").as_bool());
  EXPECT_EQ(client.rest(), "");
}

TEST_F(ControlSocketClient, RequestsInOneWriteAreAnsweredInOrder) {
  start();
  ByteClient client(path());
  client.send("{\"command\":\"ping\",\"link\":\"dr\"}\n\n{\"command\":\"status\"}\n");
  EXPECT_EQ(client.answer().at("message").as_string(), "done as told");
  EXPECT_TRUE(client.answer().contains("status"));
}

TEST_F(ControlSocketClient, JunkIsAnsweredAndTheConnectionGoesOn) {
  start();
  ByteClient client(path());
  EXPECT_EQ(client.ask("\x01\xff junk").at("error").as_string(), "usage");
  EXPECT_EQ(client.ask("[]").at("error").as_string(), "usage");
  EXPECT_TRUE(client.ask(R"({"command":"status"})").at("ok").as_bool());
}

TEST_F(ControlSocketClient, OversizeLineIsRefusedAndClosed) {
  start();
  ByteClient client(path());
  client.send(std::string(65 * 1024, 'x'));
  EXPECT_EQ(client.answer().at("error").as_string(), "usage");
  EXPECT_EQ(client.line(), "");
}

TEST_F(ControlSocketClient, RequestByteByByteIsUnderstood) {
  start();
  ByteClient client(path());
  for (const char c : std::string("{\"command\":\"status\"}\n")) client.send({&c, 1});
  EXPECT_TRUE(client.answer().at("ok").as_bool());
}

TEST_F(ControlSocketClient, IdleCrowdMakesRoom) {
  start();
  std::vector<std::unique_ptr<ByteClient>> crowd;
  for (int i = 0; i < 32; ++i) {
    crowd.push_back(std::make_unique<ByteClient>(path()));
    crowd.back()->ask(R"({"command":"status"})");
  }
  EXPECT_TRUE(ask(R"({"command":"status"})").at("ok").as_bool());
  EXPECT_EQ(crowd.front()->rest(), "");  // the one that came first has gone
  EXPECT_TRUE(crowd.back()->ask(R"({"command":"status"})").at("ok").as_bool());
}

TEST_F(ControlSocketClient, BusyCrowdTurnsLatecomersAwayWithAReason) {
  start();
  std::vector<std::unique_ptr<ByteClient>> crowd;
  for (int i = 0; i < 32; ++i) {
    crowd.push_back(std::make_unique<ByteClient>(path()));
    crowd.back()->send("{\"command\":\"drain\",\"group\":\"vm1\"}\n");
  }
  ASSERT_TRUE(eventually([&] { return node_.commands.size() == 32; }));
  EXPECT_EQ(ByteClient(path()).answer().at("error").as_string(), "busy");
  crowd.clear();
  EXPECT_TRUE(eventually([&] { return node_.abandoned.size() == 32; }));
  EXPECT_TRUE(ask(R"({"command":"status"})").at("ok").as_bool());
}

TEST_F(ControlSocketClient, ReaderThatStopsReadingGetsTheNewestProgressOnly) {
  start();
  ByteClient client(path());
  client.send("{\"command\":\"drain\",\"group\":\"vm1\"}\n");
  for (int i = 0; i < 4000; ++i) {
    answer_drain({.done = false, .message = std::string(100, 'x')});
  }
  answer_drain({.message = "all applied"});
  int lines = 1;
  while (!client.answer().at("done").as_bool()) ++lines;
  EXPECT_LT(lines, 4000);
}

TEST_F(ControlSocketClient, StuckDataPlaneIsToldAsSuch) {
  start();
  std::mutex stuck;
  stuck.lock();
  loop_->post([&] { const std::lock_guard wait(stuck); });
  const json::object answer = ask(R"({"command":"status"})");
  EXPECT_EQ(answer.at("error").as_string(), "timeout");
  stuck.unlock();
  loop_->call([] {});
  EXPECT_TRUE(ask(R"({"command":"status"})").at("ok").as_bool());
}

}  // namespace
}  // namespace longthrow::test
