// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/drain_watch.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

using std::chrono::seconds;

class DrainWatchTest : public ::testing::Test {
 protected:
  void add(std::uint64_t channel, std::uint64_t bytes, std::uint64_t barriers = 0) {
    watch_.add(channel, {.bytes = bytes, .barriers = barriers, .route = "r0"});
  }
  DrainWatch watch_;
};

TEST_F(DrainWatchTest, WithoutChannelsNothingIsLeft) {
  EXPECT_TRUE(watch_.left().none());
  EXPECT_EQ(watch_.left().lost_bytes, 0U);
}

TEST_F(DrainWatchTest, WhatIsDeliveredIsNotLeft) {
  add(1, 100);
  add(2, 50);
  watch_.on_standing(1, {.delivered_bytes = 60});
  EXPECT_EQ(watch_.left().bytes, 90U);
  watch_.on_standing(1, {.delivered_bytes = 1000});  // input goes on
  watch_.on_standing(2, {.delivered_bytes = 50});
  EXPECT_TRUE(watch_.left().none());
}

TEST_F(DrainWatchTest, AChannelThatEndsShortHasLostTheRest) {
  add(1, 100);
  watch_.on_standing(1, {.delivered_bytes = 60});
  watch_.on_over(1, {.delivered_bytes = 70, .sent_bytes = 70}, "the target broke");
  const DrainLeft left = watch_.left();
  EXPECT_EQ(left.bytes, 0U);
  EXPECT_EQ(left.lost_bytes, 30U);
  EXPECT_EQ(left.unknown_bytes, 0U);
  EXPECT_EQ(left.lost_reason, "route r0: the target broke");
}

TEST_F(DrainWatchTest, WhatWasSentWithoutAnAnswerIsNotCalledLost) {
  add(1, 100);
  watch_.on_over(1, {.delivered_bytes = 60, .sent_bytes = 90}, "the session ended");
  EXPECT_EQ(watch_.left().bytes, 0U);
  EXPECT_EQ(watch_.left().lost_bytes, 10U);
  EXPECT_EQ(watch_.left().unknown_bytes, 30U);
  EXPECT_EQ(watch_.left().lost_reason, "route r0: the session ended");
}

TEST_F(DrainWatchTest, WhatWasSentBeyondTheMarkDoesNotCount) {
  add(1, 100);
  watch_.on_over(1, {.delivered_bytes = 60, .sent_bytes = 500}, "the session ended");
  EXPECT_TRUE(watch_.left().failed());
  EXPECT_EQ(watch_.left().lost_bytes, 0U);
  EXPECT_EQ(watch_.left().unknown_bytes, 40U);
}

TEST_F(DrainWatchTest, AChannelThatEndsWithAllDeliveredHasLostNothing) {
  add(1, 100);
  watch_.on_over(1, {.delivered_bytes = 100, .sent_bytes = 100}, "the session ended");
  EXPECT_TRUE(watch_.left().none());
  EXPECT_FALSE(watch_.left().failed());
  EXPECT_EQ(watch_.left().lost_reason, "");
}

TEST_F(DrainWatchTest, AChannelEndsOnce) {
  add(1, 100);
  watch_.on_over(1, {.delivered_bytes = 70, .sent_bytes = 70}, "first");
  watch_.on_over(1, {.delivered_bytes = 100, .sent_bytes = 100}, "second");
  watch_.on_standing(1, {.delivered_bytes = 100});
  EXPECT_EQ(watch_.left().lost_bytes, 30U);
}

TEST_F(DrainWatchTest, BytesThatTheSourceTookWithItAreLost) {
  add(1, 100);
  watch_.on_standing(1, {.delivered_bytes = 40, .end_bytes = 80});
  EXPECT_EQ(watch_.left().bytes, 40U);
  EXPECT_EQ(watch_.left().lost_bytes, 20U);
}

TEST_F(DrainWatchTest, WhatWasLostBeforeCounts) {
  watch_.add_unknown(7, "route r1: the session has ended");
  EXPECT_TRUE(watch_.left().none());
  EXPECT_TRUE(watch_.left().failed());
  EXPECT_EQ(watch_.left().unknown_bytes, 7U);
  EXPECT_EQ(watch_.left().lost_reason, "route r1: the session has ended");
}

TEST_F(DrainWatchTest, BarriersAreWaitedForBeyondTheBytes) {
  add(1, 100, 3);
  watch_.on_standing(1, {.delivered_bytes = 100, .barriers_acknowledged = 2});
  EXPECT_FALSE(watch_.left().none());
  EXPECT_EQ(watch_.left().barriers, 1U);
  watch_.on_standing(1, {.delivered_bytes = 100, .barriers_acknowledged = 3});
  EXPECT_TRUE(watch_.left().none());
  EXPECT_TRUE(watch_.left().by_barriers);
}

TEST_F(DrainWatchTest, APairThatEndsWithoutItsAnswersIsSaid) {
  add(1, 100, 3);
  watch_.on_standing(1, {.delivered_bytes = 100, .barriers_acknowledged = 2});
  watch_.on_over(1, {.delivered_bytes = 100, .sent_bytes = 100}, "closed");
  EXPECT_TRUE(watch_.left().none());
  EXPECT_TRUE(watch_.left().pair_ended);
  add(2, 10, 1);
  watch_.on_standing(2, {.delivered_bytes = 10, .barriers_acknowledged = 1});
  watch_.on_over(2, {.delivered_bytes = 10, .sent_bytes = 10}, "closed");
  EXPECT_EQ(watch_.left().lost_bytes, 0U);
}

TEST_F(DrainWatchTest, APairThatEndsWithAllAnswersIsNoLoss) {
  add(1, 100, 3);
  watch_.on_standing(1, {.delivered_bytes = 100, .barriers_acknowledged = 3});
  watch_.on_standing(1, {.delivered_bytes = 100});  // no pair any more
  EXPECT_TRUE(watch_.left().none());
  EXPECT_FALSE(watch_.left().pair_ended);
}

TEST(DrainPaceTest, IsThatOfTheLastSeconds) {
  DrainPace pace;
  EXPECT_EQ(pace.bytes_s(), 0);
  TimePoint now{};
  std::uint64_t left = 10'000;
  for (int i = 0; i < 10; ++i, now += seconds(1), left -= 100) pace.note(now, left);
  EXPECT_NEAR(pace.bytes_s(), 100, 1);
  for (int i = 0; i < 10; ++i, now += seconds(1)) pace.note(now, left);
  EXPECT_EQ(pace.bytes_s(), 0);
}

}  // namespace
}  // namespace longthrow
