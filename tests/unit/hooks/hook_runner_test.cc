// SPDX-License-Identifier: Apache-2.0
#include "proxy/hooks/hook_runner.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <list>
#include <thread>

#include "proxy/base/log.h"
#include "proxy/io/make_loop.h"
#include "tests/support/temp_dir.h"

namespace longthrow {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

// A call, and with what it has completed.
struct Called {
  Called() { call.operation.bind<&Called::on>(this); }
  void on(int its_code) { code = its_code; }
  [[nodiscard]] bool done() const { return !call.operation.in_flight(); }
  HookCall call;
  int code = -EINPROGRESS;
};

class HookRunnerTest : public ::testing::Test {
 protected:
  HookRunnerTest() {
    auto made = make_loop(IoChoice::epoll);
    loop_ = std::move(made->loop);
    runner_ = make_hook_runner(*loop_);
  }
  ~HookRunnerTest() override {
    runner_.reset();
    loop_.reset();
  }
  Called& start(const std::string& script, Duration timeout = seconds(20)) {
    Called& called = calls_.emplace_back();
    called.call.argv = {"/bin/sh", "-c", script, "sh", (folder_ / "out").string()};
    called.call.environment = {"LONGTHROW_GROUP=vm1"};
    called.call.timeout = timeout;
    runner_->run(called.call);
    return called;
  }
  void finish(const Called& called) {
    const TimePoint limit = loop_->now() + seconds(30);
    while (!called.done() && loop_->now() < limit) turn();
    ASSERT_TRUE(called.done());
  }
  void turn() {
    Timer timer;
    struct Stop {
      Loop& loop;
      void now() { loop.stop(); }
    } stop{*loop_};
    timer.bind<&Stop::now>(&stop);
    loop_->arm(timer, loop_->now() + milliseconds(5));
    loop_->run();
  }

  TempDir folder_;
  std::list<Called> calls_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<HookRunner> runner_;
};

TEST_F(HookRunnerTest, RunsAProgramWithItsArgumentsAndItsEnvironment) {
  const Called& called = start("echo $LONGTHROW_GROUP $HOME > $1");
  finish(called);
  EXPECT_EQ(called.code, 0);
  EXPECT_EQ(called.call.result, HookResult::ok);
  EXPECT_EQ(read_text(folder_ / "out"), "vm1\n");
}

TEST_F(HookRunnerTest, SaysHowAProgramHasFailed) {
  const Called& bad = start("exit 3");
  finish(bad);
  EXPECT_EQ(bad.call.result, HookResult::failed);
  EXPECT_EQ(bad.call.text, "it ended with exit code 3");
  Called& missing = calls_.emplace_back();
  missing.call.argv = {"/nonexistent/program"};
  missing.call.timeout = seconds(5);
  runner_->run(missing.call);
  finish(missing);
  EXPECT_EQ(missing.call.result, HookResult::failed);
  EXPECT_NE(missing.call.text.find("/nonexistent/program"), std::string::npos);
}

TEST_F(HookRunnerTest, KillsWhatRunsForTooLong) {
  const Called& called = start("sleep 600 & echo $! > $1; wait", seconds(2));
  finish(called);
  EXPECT_EQ(called.call.result, HookResult::timed_out);
  const pid_t child = std::stoi(read_text(folder_ / "out"));
  bool gone = false;  // its parent has gone, so init takes it
  for (int i = 0; i < 500 && !gone; ++i) {
    const std::string stat = "/proc/" + std::to_string(child) + "/stat";
    gone = ::kill(child, 0) != 0 || read_text(stat).find(") Z ") != std::string::npos;
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_TRUE(gone) << "what it has started is killed with it";
}

TEST_F(HookRunnerTest, SeveralRunAtATime) {
  const Called& slow = start("sleep 1");
  const Called& quick = start("exit 0");
  finish(quick);
  EXPECT_FALSE(slow.done());
  finish(slow);
}

TEST_F(HookRunnerTest, ACancelledCallCompletes) {
  Called& called = start("sleep 600");
  turn();
  runner_->cancel(called.call);
  EXPECT_FALSE(called.done()) << "not within the call";
  finish(called);
  EXPECT_EQ(called.code, -ECANCELED);
  Called& next = start("exit 0");
  finish(next);
  EXPECT_EQ(next.call.result, HookResult::ok);
}

TEST_F(HookRunnerTest, ItsEndCompletesWhatRuns) {
  const Called& called = start("sleep 600");
  turn();
  runner_.reset();
  EXPECT_TRUE(called.done());
  EXPECT_EQ(called.code, -ECANCELED);
}

}  // namespace
}  // namespace longthrow
