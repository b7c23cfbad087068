// SPDX-License-Identifier: Apache-2.0
#include <future>

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

TEST_F(ReloadCommand, LoadsKeysBeforeTheNodeIsTold) {
  start();
  ask(kReload);
  const auto done = commands();
  ASSERT_EQ(done.size(), 2U);
  EXPECT_TRUE(std::get<Reload>(done[0]).dry_run);
  EXPECT_FALSE(std::get<Reload>(done[1]).dry_run);
  EXPECT_EQ(tls_.loads, 1);
}

TEST_F(ReloadCommand, DryRunChangesNothing) {
  start();
  store_.config.links["dr"].memlimit = 2 * kGiB;
  const json::object answer = ask(kDryRun);
  EXPECT_EQ(answer.at("would_apply").as_array().size(), 1U);
  EXPECT_TRUE(answer.at("applied").as_array().empty());
  EXPECT_EQ(commands().size(), 1U);
  EXPECT_EQ(tls_.loads, 0);
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

TEST_F(ReloadCommand, BadKeysLeaveTheNodeAsItIs) {
  tls_.error = "dr.psk: others can read it";
  start();
  EXPECT_FALSE(ask(kReload).at("ok").as_bool());
  ASSERT_EQ(commands().size(), 1U);
  EXPECT_TRUE(std::get<Reload>(commands()[0]).dry_run);
}

TEST_F(ReloadCommand, NodeThatRefusesKeepsItsKeys) {
  node_.next_answer = {.ok = false, .message = "it would break the epoch rule"};
  start();
  EXPECT_FALSE(ask(kReload).at("ok").as_bool());
  EXPECT_EQ(tls_.loads, 0);
}

TEST_F(ReloadCommand, PendingRestartIsSaidAgain) {
  start();
  store_.config.node.name = "gamma";
  ask(kReload);
  const json::object again = ask(kReload);
  EXPECT_TRUE(again.at("applied").as_array().empty());
  EXPECT_EQ(again.at("needs_restart").as_array(), json::array{"node.name"});
}

TEST_F(ReloadCommand, NodeThatFailsHalfWayIsNotSaidToBeUnchanged) {
  start();
  loop_->call([&] {
    node_.on_execute = [this](const Command& command) {
      const auto* reload = std::get_if<Reload>(&command);
      if (reload != nullptr && !reload->dry_run) node_.next_answer = {.ok = false, .message = "no"};
    };
  });
  EXPECT_EQ(ask(kReload).at("message").as_string(), "not all of it was applied: no");
}

TEST_F(ReloadCommand, SignalDoesTheSame) {
  start();
  std::promise<void> done;
  control_->reload([&] { done.set_value(); });
  ASSERT_EQ(done.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(tls_.loads, 1);
}

}  // namespace
}  // namespace longthrow::test
