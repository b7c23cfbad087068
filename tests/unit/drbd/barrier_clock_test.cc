// SPDX-License-Identifier: Apache-2.0
#include "proxy/drbd/barrier_clock.h"

#include <gtest/gtest.h>

namespace longthrow::drbd::test {
namespace {

TimePoint at(int seconds) { return TimePoint(std::chrono::seconds(seconds)); }

TEST(BarrierClock, NothingSentIsNoLag) { EXPECT_FALSE(BarrierClock().oldest()); }

TEST(BarrierClock, TheOldestOpenBarrierSetsTheLag) {
  BarrierClock clock;
  clock.on_sent(1, at(10));
  clock.on_sent(3, at(12));
  EXPECT_EQ(clock.oldest(), at(10));
  clock.on_acknowledged(1);
  EXPECT_EQ(clock.oldest(), at(12));
  EXPECT_EQ(clock.open(), 2U);
  clock.on_acknowledged(3);
  EXPECT_FALSE(clock.oldest());
  EXPECT_EQ(clock.open(), 0U);
}

TEST(BarrierClock, AnAnswerWithoutAQuestionIsHarmless) {
  BarrierClock clock;
  clock.on_acknowledged(5);
  EXPECT_EQ(clock.open(), 0U);
  EXPECT_FALSE(clock.oldest());
}

TEST(BarrierClock, ItsMemoryIsBounded) {
  BarrierClock clock;
  for (int i = 1; i <= 100'000; ++i) clock.on_sent(i, at(i));
  EXPECT_EQ(clock.open(), 100'000U);
  EXPECT_EQ(clock.oldest(), at(1));
  clock.on_acknowledged(50'000);
  EXPECT_EQ(clock.oldest(), at(16'384));  // older than the truth, never younger
  clock.on_acknowledged(100'000);
  EXPECT_FALSE(clock.oldest());
}

}  // namespace
}  // namespace longthrow::drbd::test
