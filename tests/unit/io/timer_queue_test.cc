// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/timer_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <random>
#include <string>

namespace longthrow {
namespace {

struct Alarm {
  Alarm(std::string* where, char who) : log(where), name(who) { timer.bind<&Alarm::rang>(this); }
  void rang() {
    log->push_back(name);
    if (then) then();
  }
  std::string* log;
  char name;
  std::function<void()> then;
  Timer timer;
};

TimePoint at(int seconds) { return TimePoint(std::chrono::seconds(seconds)); }

class TimerQueueTest : public testing::Test {
 protected:
  std::string log;
  TimerQueue queue;
  Alarm a{&log, 'a'};
  Alarm b{&log, 'b'};
  Alarm c{&log, 'c'};
  ~TimerQueueTest() override { queue.disarm_all(); }
};

TEST_F(TimerQueueTest, FiresInOrderOfDeadlineThenOfArming) {
  queue.arm(c.timer, at(2));
  queue.arm(b.timer, at(1));
  queue.arm(a.timer, at(1));
  queue.fire_due(at(3));
  EXPECT_EQ(log, "bac");
  EXPECT_FALSE(queue.next().has_value());
}

TEST_F(TimerQueueTest, FiresNothingBeforeItsTime) {
  queue.arm(a.timer, at(2));
  queue.fire_due(at(1));
  EXPECT_EQ(log, "");
  EXPECT_EQ(queue.next(), at(2));
}

TEST_F(TimerQueueTest, RearmingMoves) {
  queue.arm(a.timer, at(1));
  queue.arm(b.timer, at(2));
  queue.arm(a.timer, at(3));
  queue.fire_due(at(2));
  EXPECT_EQ(log, "b");
  queue.fire_due(at(3));
  EXPECT_EQ(log, "ba");
}

TEST_F(TimerQueueTest, DisarmedInAHandlerDoesNotFire) {
  a.then = [&] { queue.disarm(b.timer); };
  queue.arm(a.timer, at(1));
  queue.arm(b.timer, at(1));
  queue.fire_due(at(1));
  EXPECT_EQ(log, "a");
  EXPECT_FALSE(b.timer.armed());
}

TEST_F(TimerQueueTest, ArmedForThePastInAHandlerWaitsForTheNextTurn) {
  a.then = [&] { queue.arm(a.timer, at(0)); };
  queue.arm(a.timer, at(1));
  queue.arm(b.timer, at(1));
  queue.fire_due(at(1));
  EXPECT_EQ(log, "ab");
  EXPECT_EQ(a.timer.deadline(), at(0));
  queue.fire_due(at(2));
  EXPECT_EQ(log, "aba");
}

TEST(TimerQueue, KeepsOrderThroughManyMovesAndDisarms) {
  std::mt19937 random(1);
  std::string log;
  TimerQueue queue;
  std::deque<Alarm> alarms;
  for (int i = 0; i < 200; ++i) alarms.emplace_back(&log, 'x');
  TimePoint last{};
  for (Alarm& alarm : alarms) {
    alarm.then = [&] {
      EXPECT_GE(alarm.timer.deadline(), last);
      last = alarm.timer.deadline();
    };
  }
  for (int i = 0; i < 5000; ++i) {
    Alarm& alarm = alarms[random() % alarms.size()];
    random() % 4 == 0 ? queue.disarm(alarm.timer)
                      : queue.arm(alarm.timer, at(static_cast<int>(random() % 1000)));
  }
  std::size_t armed = 0;
  for (const Alarm& alarm : alarms) armed += alarm.timer.armed() ? 1 : 0;
  queue.fire_due(at(1000));
  EXPECT_EQ(log.size(), armed);
}

}  // namespace
}  // namespace longthrow
