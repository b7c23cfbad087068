// SPDX-License-Identifier: Apache-2.0
#include <future>
#include <thread>

#include "tests/unit/control/control_fixture.h"

namespace longthrow::test {
namespace {

using ReloadCommand = ControlTest;

constexpr const char* kReload = R"({"command":"reload"})";
constexpr const char* kDryRun = R"({"command":"reload","dry_run":true})";

TEST_F(ReloadCommand, TellsWhatWasAppliedAndWhatNeedsARestart) {
  start();
  store_.config.links["dr"].memlimit = 2 * kGiB;
  store_.config.node.name = "gamma";
  const json::object answer = ask(kReload);
  EXPECT_TRUE(answer.at("ok").as_bool());
  EXPECT_EQ(answer.at("applied").as_array(), json::array{"link.dr.memlimit"});
  EXPECT_EQ(answer.at("needs_restart").as_array(), json::array{"node.name"});
}

TEST_F(ReloadCommand, DryRunChangesNothing) {
  start();
  store_.config.links["dr"].memlimit = 2 * kGiB;
  const json::object answer = ask(kDryRun);
  EXPECT_EQ(answer.at("would_apply").as_array().size(), 1U);
  EXPECT_TRUE(answer.at("applied").as_array().empty());
  ASSERT_EQ(commands().size(), 1U);
  EXPECT_TRUE(std::get<Reload>(commands()[0]).dry_run);
}

TEST_F(ReloadCommand, ErrorsInTheFilesAreListedAndNothingIsApplied) {
  store_.errors = {"a.toml:3: link.dr.memlimit: no", "a.toml:9: node: no"};
  start();
  const json::object answer = ask(kReload);
  EXPECT_FALSE(answer.at("ok").as_bool());
  EXPECT_EQ(answer.at("details").as_array().size(), 2U);
  EXPECT_TRUE(commands().empty());
}

TEST_F(ReloadCommand, WhatCannotRunHereIsNotApplied) {
  check_ = [](const Config&) -> Result<void> { return fail("too little memory"); };
  start();
  const json::object answer = ask(kReload);
  EXPECT_EQ(answer.at("message").as_string(), "nothing was changed: too little memory");
  EXPECT_TRUE(commands().empty());
}

TEST_F(ReloadCommand, WhatTheNodeRefusesChangedNothing) {
  node_.next_answer = {.ok = false, .message = "dr.psk: others can read it"};
  start();
  store_.config.links["dr"].memlimit = 2 * kGiB;
  const json::object answer = ask(kReload);
  EXPECT_FALSE(answer.at("ok").as_bool());
  EXPECT_EQ(answer.at("message").as_string(), "nothing was changed: dr.psk: others can read it");
  node_.next_answer = {.message = "done as told"};
  EXPECT_EQ(ask(kReload).at("applied").as_array(), json::array{"link.dr.memlimit"});
}

TEST_F(ReloadCommand, SaysWhichUnsavedValuesEndWithIt) {
  node_.current.links["dr"].differs_from_file = {"memlimit"};
  node_.current.links["dr"].buffer.limit_bytes = 5 * kGiB;
  start();
  const json::object answer = ask(kReload);
  EXPECT_EQ(answer.at("set_values_ended").as_array(), json::array{"link.dr.memlimit"});
  EXPECT_NE(answer.at("message").as_string().find("link.dr.memlimit"), std::string::npos);
}

TEST_F(ReloadCommand, PendingRestartIsSaidAgain) {
  start();
  store_.config.node.name = "gamma";
  ask(kReload);
  const json::object again = ask(kReload);
  EXPECT_TRUE(again.at("applied").as_array().empty());
  EXPECT_EQ(again.at("needs_restart").as_array(), json::array{"node.name"});
}

TEST_F(ReloadCommand, SignalDoesTheSame) {
  start();
  std::promise<void> done;
  control_->reload([&] { done.set_value(); });
  ASSERT_EQ(done.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  ASSERT_EQ(commands().size(), 1U);
  EXPECT_FALSE(std::get<Reload>(commands()[0]).dry_run);
}

json::object configuration(const json::object& answer) {
  return answer.at("status").as_object().at("configuration").as_object();
}

TEST_F(ReloadCommand, StatusSaysSinceWhenAndWhyAnOlderConfigurationRuns) {
  start();
  const json::object at_start = configuration(ask(R"({"command":"status"})"));
  EXPECT_TRUE(at_start.at("read_at").as_string().starts_with("20"));
  EXPECT_TRUE(at_start.at("refused_at").is_null());
  store_.errors = {"a.toml:3: no"};
  ask(kDryRun);
  EXPECT_EQ(configuration(ask(R"({"command":"status"})")), at_start) << "it was only asked";
  ask(kReload);
  const json::object refused = configuration(ask(R"({"command":"status"})"));
  EXPECT_EQ(refused.at("read_at"), at_start.at("read_at"));
  EXPECT_TRUE(refused.at("refused_at").is_string());
  EXPECT_EQ(refused.at("refused").as_string(),
            "nothing was changed: 1 error in the configuration; a.toml:3: no");
  store_.errors.clear();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ask(kReload);
  const json::object again = configuration(ask(R"({"command":"status"})"));
  EXPECT_TRUE(again.at("refused_at").is_null());
  EXPECT_EQ(again.at("refused").as_string(), "");
  EXPECT_GT(again.at("read_at").as_string(), at_start.at("read_at").as_string());
}

}  // namespace
}  // namespace longthrow::test
