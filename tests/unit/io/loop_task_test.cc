// SPDX-License-Identifier: Apache-2.0
// Timers and posted tasks of a running loop.
#include <algorithm>
#include <thread>

#include "tests/unit/io/backends.h"

namespace longthrow {
namespace {

struct Ticker {
  Ticker() { timer.bind<&Ticker::fired>(this); }
  void fired() {
    ++count;
    if (then) then();
  }
  Timer timer;
  int count = 0;
  std::function<void()> then;
};

using LoopTask = LoopTest;
LT_FOR_BOTH_BACKENDS(LoopTask);

TEST_P(LoopTask, ATimerFiresOnceAndNotEarly) {
  Ticker ticker;
  const TimePoint due = loop().now() + std::chrono::milliseconds(30);
  TimePoint fired{};
  ticker.then = [&] { fired = loop().now(); };
  loop().arm(ticker.timer, due);
  run_for(std::chrono::milliseconds(80));
  EXPECT_EQ(ticker.count, 1);
  EXPECT_GE(fired, due);
}

TEST_P(LoopTask, ALoneTimerWakesTheLoop) {
  Ticker ticker;
  ticker.then = [&] { loop().stop(); };
  loop().arm(ticker.timer, loop().now() + std::chrono::milliseconds(10));
  loop().run();
  EXPECT_EQ(ticker.count, 1);
}

TEST_P(LoopTask, ATimerInThePastDoesNotStarveTheSockets) {
  const Pair pair = connected_pair();
  Ticker ticker;
  ticker.then = [&] { loop().arm(ticker.timer, TimePoint{}); };
  loop().arm(ticker.timer, TimePoint{});
  std::string got;
  send(pair.client, "x");
  EXPECT_EQ(receive(pair.server, got), 1);
  loop().disarm(ticker.timer);
}

TEST_P(LoopTask, ADisarmedTimerIsSilent) {
  Ticker ticker;
  loop().arm(ticker.timer, loop().now() + std::chrono::milliseconds(5));
  loop().disarm(ticker.timer);
  loop().disarm(ticker.timer);
  run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(ticker.count, 0);
}

TEST_P(LoopTask, NowStandsStillWithinAHandlerAndIsMonotonic) {
  const TimePoint before = loop().now();
  run_for(std::chrono::milliseconds(5));
  EXPECT_GT(loop().now(), before);
  const Duration since_epoch = loop().wall_now().time_since_epoch();
  EXPECT_GT(since_epoch, std::chrono::hours(24 * 365 * 50));
}

TEST_P(LoopTask, TasksOfOtherThreadsRunInOrderOnTheLoop) {
  constexpr int kTasks = 10'000;
  std::vector<int> seen;
  const auto loop_thread = std::this_thread::get_id();
  std::thread poster([&] {
    for (int i = 0; i < kTasks; ++i) {
      loop().post([&, i] {
        EXPECT_EQ(std::this_thread::get_id(), loop_thread);
        seen.push_back(i);
        if (i == kTasks - 1) loop().stop();
      });
    }
  });
  loop().run();
  poster.join();
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(kTasks));
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_P(LoopTask, ATaskThatPostsItselfDoesNotStarveTimers) {
  std::function<void()> again = [&] { loop().post([&] { again(); }); };
  again();
  run_for(std::chrono::milliseconds(10));
  again = [] {};
  run_for(std::chrono::milliseconds(1));
}

TEST_P(LoopTask, StopFromAnotherThreadEndsASleepingRun) {
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    loop().stop();
  });
  loop().run();
  stopper.join();
}

TEST_P(LoopTask, StopBeforeRunCounts) {
  loop().stop();
  loop().run();
}

TEST_P(LoopTask, TasksThatNeverRanAreDestroyed) {
  auto token = std::make_shared<int>(1);
  loop().post([token] { ADD_FAILURE() << "ran"; });
  destroy_loop();
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(LoopTask, ALoopMayBeMadeInOneThreadAndRunInAnother) {
  bool ran = false;
  loop().post([&] {
    ran = true;
    loop().stop();
  });
  std::thread([&] {
    loop().run();
    destroy_loop();
  }).join();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace longthrow
