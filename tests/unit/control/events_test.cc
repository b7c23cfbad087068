// SPDX-License-Identifier: Apache-2.0
// The history of events of a control plane over a fake node, on a real disk.
#include <filesystem>
#include <thread>

#include "proxy/events/event_file.h"
#include "tests/unit/control/control_fixture.h"

namespace longthrow::test {
namespace {

class Events : public ControlTest {
 protected:
  Events() {
    state_dir_ = directory_ / "state";
    std::filesystem::create_directory(state_dir_);
    node_.current.losses = {};
  }
  void restart() {
    control_.reset();
    start();
  }
  json::object events(const std::string& keys = "") {
    return ask(R"({"command":"events")" + keys + "}");
  }
  // "history link_up:dr ...": the codes, with the links of those that have one.
  std::string codes() {
    std::string text;
    const json::object answer = events();
    for (const json::value& each : answer.at("events").as_array()) {
      const json::object& event = each.as_object();
      text += (text.empty() ? "" : " ") + std::string(event.at("code").as_string());
      const std::string link(event.at("link").as_string());
      text += link.empty() ? "" : ":" + link;
    }
    return text;
  }
  // At most 10 s.
  ::testing::AssertionResult comes(const std::string& wanted) {
    std::string found;
    for (int i = 0; i < 500; ++i) {
      found = codes();
      if (found == wanted) return ::testing::AssertionSuccess();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return ::testing::AssertionFailure() << found;
  }
  [[nodiscard]] std::string file() const { return event_file_of(state_dir_); }
};

TEST_F(Events, OutliveTheProcessAndGoOnCounting) {
  start();
  ASSERT_TRUE(comes("history node_started link_up:dr"));
  restart();
  ASSERT_TRUE(comes("history node_started link_up:dr node_started link_up:dr"));
  const json::object last = events(R"(,"after":3,"link":"dr")");
  ASSERT_EQ(last.at("events").as_array().size(), 1U);
  EXPECT_EQ(last.at("events").as_array().front().as_object().at("number"), 5);
  EXPECT_EQ(last.at("not_kept"), "");
  const EventBook::Kept kept = parse_event_file(read_text(file())).kept;
  EXPECT_GE(kept.events.size(), 4U);
}

TEST_F(Events, ADamagedFileIsKeptAsideAndSaid) {
  start();
  ASSERT_TRUE(comes("history node_started link_up:dr"));
  control_.reset();
  std::string text = read_text(file());
  text[text.find("link_up")] ^= 1;
  std::ofstream(file()) << text;
  start();
  ASSERT_TRUE(comes("history node_started history node_started link_up:dr"));
  const json::object said = events().at("events").as_array().at(2).as_object();
  EXPECT_EQ(said.at("weight"), "warning");
  EXPECT_NE(said.at("text").as_string().find("1 lines of"), std::string::npos);
  EXPECT_EQ(read_text(file() + ".damaged"), text);
  control_.reset();
  EXPECT_EQ(parse_event_file(read_text(file())).damaged_lines, 0U);
}

TEST_F(Events, AReloadAndADrainAreTold) {
  start();
  ASSERT_TRUE(comes("history node_started link_up:dr"));
  ByteClient drain = connect();
  drain.send(R"({"command":"drain","group":"vm1"})"
             "\n");
  answer_drain({.message = "drained"});
  EXPECT_EQ(drain.answer().at("ok"), true);
  EXPECT_EQ(ask(R"({"command":"reload"})").at("ok"), true);
  store_.errors = {"longthrow.toml:3: link.dr.memlimit: too small"};
  EXPECT_EQ(ask(R"({"command":"reload"})").at("ok"), false);
  ASSERT_TRUE(comes("history node_started link_up:dr drained:dr reloaded reload_failed"));
  const json::object failed = events().at("events").as_array().back().as_object();
  EXPECT_NE(failed.at("text").as_string().find("link.dr.memlimit: too small"), std::string::npos);
}

TEST_F(Events, ADryReloadIsNone) {
  start();
  ASSERT_TRUE(comes("history node_started link_up:dr"));
  store_.errors = {"wrong"};
  EXPECT_EQ(ask(R"({"command":"reload","dry_run":true})").at("ok"), false);
  EXPECT_EQ(ask(R"({"command":"reload"})").at("ok"), false);
  EXPECT_TRUE(comes("history node_started link_up:dr reload_failed"));
}

TEST_F(Events, CommandsWithNamesThatAreNotThereAreNone) {
  start();
  ASSERT_TRUE(comes("history node_started link_up:dr"));
  loop_->call([&] { node_.next_answer = {.message = "taken"}; });
  EXPECT_EQ(ask(R"({"command":"takeover","name":"nobody"})").at("ok"), true);
  EXPECT_EQ(ask(R"({"command":"takeover","name":"vm1"})").at("ok"), true);
  EXPECT_EQ(ask(R"({"command":"takeover","name":"dr"})").at("ok"), true);
  EXPECT_TRUE(comes("history node_started link_up:dr takeover:dr takeover:dr"));
  EXPECT_EQ(events(R"(,"group":"vm1")").at("events").as_array().size(), 1U);
}

TEST_F(Events, EachLossIsAskedOfTheLedgerAndToldOnce) {
  start();
  ASSERT_TRUE(comes("history node_started link_up:dr"));
  const auto lose = [&](std::uint64_t number) {
    loop_->call([&] {
      auto& losses = node_.next_answer.losses;
      if (!losses) losses.emplace();
      losses->losses.push_back({.number = number,
                                .at = WallTime(std::chrono::seconds(4'000'000'000 + number)),
                                .link = "dr",
                                .group = "vm1",
                                .route = "r0",
                                .reason = LossReason::takeover,
                                .channels = 1,
                                .bytes = 7,
                                .text = "why"});
      node_.current.losses.losses = number;
    });
  };
  lose(1);
  ASSERT_TRUE(comes("history node_started link_up:dr loss:dr"));
  lose(2);
  ASSERT_TRUE(comes("history node_started link_up:dr loss:dr loss:dr"));
  EXPECT_EQ(events().at("events").as_array().back().as_object().at("text"),
            "route r0: 7 bytes (takeover): why");
  const auto asked = std::get<Losses>(commands().back());
  EXPECT_EQ(asked.since, WallTime(std::chrono::seconds(4'000'000'001)));
}

TEST_F(Events, ADiskThatIsGoneIsSaid) {
  start();
  ASSERT_TRUE(comes("history node_started link_up:dr"));
  std::filesystem::rename(state_dir_, state_dir_ + ".gone");
  EXPECT_EQ(ask(R"({"command":"reload"})").at("ok"), true);
  for (int i = 0; i < 500 && events().at("not_kept") == ""; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_NE(events().at("not_kept"), "");
  std::filesystem::rename(state_dir_ + ".gone", state_dir_);
  control_.reset();
  EXPECT_EQ(parse_event_file(read_text(file())).kept.events.back().code, EventCode::reloaded)
      << "the last try is that of the end";
}

TEST_F(Events, WithoutAFolderThereIsNoHistory) {
  state_dir_.clear();
  start();
  EXPECT_EQ(events().at("ok"), false);
}

}  // namespace
}  // namespace longthrow::test
