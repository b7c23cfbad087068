// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/outage.h"

#include <gtest/gtest.h>

namespace longthrow::wanlink {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart = TimePoint(1000s);

struct OutageTest : testing::Test {
  // The moments, from `from` on, at which the line goes down or up; found by next_change alone.
  std::vector<Duration> changes(Duration from, Duration until) {
    std::vector<Duration> found;
    bool down = schedule.down_at(kStart + from);
    for (TimePoint time = schedule.next_change(kStart + from); time <= kStart + until;
         time = schedule.next_change(time)) {
      if (schedule.down_at(time) != down) found.push_back(time - kStart);
      down = schedule.down_at(time);
    }
    return found;
  }
  using Times = std::vector<Duration>;
  OutageSchedule schedule{kStart};
};

TEST_F(OutageTest, NothingPlannedIsNeverDown) {
  EXPECT_FALSE(schedule.down_at(kStart));
  EXPECT_EQ(schedule.next_change(kStart), kNever);
}

TEST_F(OutageTest, PlannedOutagesMayOverlapAndBeginAtOnce) {
  schedule.plan({.start = 0s, .length = 1s});
  schedule.plan({.start = 5s, .length = 2s});
  schedule.plan({.start = 6s, .length = 3s});
  EXPECT_EQ(changes(-1s, 100s), (Times{0s, 1s, 5s, 9s}));
}

TEST_F(OutageTest, PeriodicOutageBeginsAfterOnePeriod) {
  schedule.repeat({.start = 10s, .length = 2s});
  EXPECT_EQ(changes(-1ns, 35s), (Times{10s, 12s, 20s, 22s, 30s, 32s}));
}

TEST_F(OutageTest, CommandedOutageEndsByItself) {
  schedule.command_outage(kStart + 3s, 2s);
  EXPECT_TRUE(schedule.down_at(kStart + 4s));
  EXPECT_EQ(changes(3s, 100s), (Times{5s}));
}

TEST_F(OutageTest, DownStaysUntilUp) {
  schedule.command_down();
  EXPECT_TRUE(schedule.down_at(kStart + 1000h));
  schedule.command_up(kStart + 1000h);
  EXPECT_FALSE(schedule.down_at(kStart + 1000h));
}

TEST_F(OutageTest, UpEndsAPlannedOutageButNotTheNext) {
  schedule.plan({.start = 1s, .length = 10s});
  schedule.plan({.start = 20s, .length = 1s});
  schedule.command_up(kStart + 5s);
  EXPECT_EQ(changes(5s, 100s), (Times{20s, 21s}));
}

TEST_F(OutageTest, UpEndsOneOccurrenceOfAPeriodicOutage) {
  schedule.repeat({.start = 10s, .length = 5s});
  schedule.command_up(kStart + 11s);
  EXPECT_EQ(changes(11s, 26s), (Times{20s, 25s}));
}

}  // namespace
}  // namespace longthrow::wanlink
