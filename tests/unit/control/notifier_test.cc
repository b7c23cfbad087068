// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/notifier.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "proxy/base/log.h"
#include "proxy/events/event_kinds.h"
#include "tests/support/temp_dir.h"

namespace longthrow::control {
namespace {
using std::chrono::milliseconds;

class NotifierTest : public ::testing::Test {
 protected:
  NotifierTest() {
    set_log_hook([this](LogLevel, const std::string& line) { log_ += line + "\n"; });
  }
  ~NotifierTest() override { set_log_hook(nullptr); }

  // A program of these lines, for /bin/sh. "$0.out" is its file for what it has to say.
  void program(const std::string& lines) {
    program_ = (directory_ / "program").string();
    directory_.write("program", "#!/bin/sh\n" + lines);
    std::filesystem::permissions(program_, std::filesystem::perms::owner_all);
  }
  static Event event(const std::string& text, EventCode code = EventCode::link_down) {
    Event made = make_event(code, text);
    made.number = 7;
    made.at = WallTime(std::chrono::seconds(1'769'860'800));
    made.link = "dr";
    return made;
  }
  void start() {
    notifier_.emplace(io_, "alpha", [this] { return program_; }, limits_);
  }
  // Until it has nothing to do.
  void run() {
    io_.restart();
    io_.run_for(std::chrono::seconds(20));
  }
  [[nodiscard]] std::string said() const {
    const std::filesystem::path out = program_ + ".out";
    return std::filesystem::exists(out) ? read_text(out) : "";
  }

  TempDir directory_;
  std::string program_;
  std::string log_;
  asio::io_context io_;
  Notifier::Limits limits_{.look = milliseconds(5), .pause = milliseconds(5)};
  std::optional<Notifier> notifier_;
};

TEST_F(NotifierTest, GivesTheEventInTheEnvironmentAndNothingElse) {
  program(
      "env | sort > $0.out; pwd >> $0.out; echo \"args $#\" >> $0.out; ls -l /proc/$$/fd | grep "
      "-c /dev/null >> $0.out");
  start();
  notifier_->note(event("a \"text\"; $(reboot)"));
  run();
  const std::string text = said();
  for (const char* line :
       {"LONGTHROW_NODE=alpha\n", "LONGTHROW_EVENT=link_down\n", "LONGTHROW_WEIGHT=warning\n",
        "LONGTHROW_TIME=2026-01-31T12:00:00.000Z\n", "LONGTHROW_LINK=dr\n", "LONGTHROW_GROUP=\n",
        "LONGTHROW_TEXT=a \"text\"; $(reboot)\n", "LONGTHROW_NUMBER=7\n", "LONGTHROW_LEFT_OUT=0\n",
        "LONGTHROW_DROPPED=0\n", "\n/\n", "args 0\n", "\n3\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  EXPECT_EQ(text.find("HOME="), std::string::npos) << text;
  EXPECT_EQ(log_, "");
}

TEST_F(NotifierTest, RunsForWarningsAndWorseOnly) {
  program("echo $LONGTHROW_EVENT >> $0.out");
  start();
  for (const EventCode code : {EventCode::link_up, EventCode::not_consistent, EventCode::held,
                               EventCode::reload_failed, EventCode::consistent})
    notifier_->note(event("x", code));
  run();
  EXPECT_EQ(said(), "not_consistent\nreload_failed\n");
}

TEST_F(NotifierTest, OneRunsAtATimeAndWhatWasDroppedIsTold) {
  limits_.queue = 2;
  program(
      "[ -e $0.lock ] && echo two >> $0.out; touch $0.lock; sleep 0.05; rm $0.lock\n"
      "echo $LONGTHROW_TEXT $LONGTHROW_DROPPED >> $0.out");
  start();
  for (const char* text : {"a", "b", "c", "d", "e"}) notifier_->note(event(text));
  run();
  EXPECT_EQ(said(), "a 3\nb 0\n");
  notifier_->note(event("f"));
  run();
  EXPECT_EQ(said(), "a 3\nb 0\nf 0\n");
}

TEST_F(NotifierTest, AProgramThatHangsIsKilledWithItsChildren) {
  limits_.timeout = milliseconds(2000);  // a busy machine may need so long for the two lines
  program("sleep 1000 &\necho $! > $0.out\nwait");
  start();
  notifier_->note(event("a"));
  const auto began = std::chrono::steady_clock::now();
  run();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  EXPECT_NE(log_.find("it ran for more than 2000 ms and was killed"), std::string::npos) << log_;
  const pid_t grandchild = std::stoi(said());
  bool gone = false;  // its parent has gone, so init takes it
  for (int i = 0; i < 500 && !gone; ++i) {
    const std::string stat = "/proc/" + std::to_string(grandchild) + "/stat";
    gone = ::kill(grandchild, 0) != 0 || read_text(stat).find(") Z ") != std::string::npos;
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_TRUE(gone);
}

TEST_F(NotifierTest, AProgramThatFailsIsLoggedOnce) {
  program("exit 3");
  start();
  for (int i = 0; i < 3; ++i) {
    notifier_->note(event("a"));
    run();
  }
  EXPECT_NE(log_.find("it ended with exit code 3"), std::string::npos) << log_;
  EXPECT_EQ(std::ranges::count(log_, '\n'), 1) << log_;
  program("kill -TERM $$");
  limits_.between_lines = std::chrono::hours(0);
  start();
  notifier_->note(event("a"));
  run();
  EXPECT_NE(log_.find("it was killed by signal 15"), std::string::npos) << log_;
}

TEST_F(NotifierTest, AProgramThatIsNotThereIsSaidAndOneThatIsNotConfiguredIsNot) {
  program_ = (directory_ / "nothing").string();
  start();
  notifier_->note(event("a"));
  run();
  EXPECT_NE(log_.find("cannot run " + program_ + ": No such file"), std::string::npos) << log_;
  log_.clear();
  program_.clear();
  notifier_->note(event("a"));
  run();
  EXPECT_EQ(log_, "");
}

TEST_F(NotifierTest, ItsEndIsThatOfTheProgramThatRuns) {
  program("trap '' TERM\nsleep 1000");
  start();
  notifier_->note(event("a"));
  io_.restart();
  io_.run_for(milliseconds(50));
  const auto began = std::chrono::steady_clock::now();
  notifier_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

}  // namespace
}  // namespace longthrow::control
