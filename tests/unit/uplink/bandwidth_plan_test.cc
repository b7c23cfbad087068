// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/bandwidth_plan.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

constexpr std::uint8_t kWorkdays = 0b0011111;
const BandwidthWindow kOffice{
    .days = kWorkdays, .from_minute = 8 * 60, .to_minute = 18 * 60, .bytes_s = 1000};
const BandwidthWindow kNight{
    .days = 0b1111111, .from_minute = 22 * 60, .to_minute = 6 * 60, .bytes_s = 0};

constexpr WeekMinute at(int day, int hour, int minute = 0) {
  return day * kDayMinutes + hour * 60 + minute;
}

class BandwidthPlanTest : public ::testing::Test {
 protected:
  BandwidthPlanTest() { plan_.configure(5000, {kOffice, kNight}); }
  std::uint64_t rate_at(WeekMinute time) {
    for (int i = 0; i < 30; ++i) plan_.on_tick(time);
    return plan_.rate_bytes_s();
  }
  BandwidthPlan plan_;
};

TEST_F(BandwidthPlanTest, EachPartOfTheWeekHasItsRate) {
  EXPECT_EQ(rate_at(at(0, 7, 59)), 5000U);
  EXPECT_EQ(rate_at(at(0, 8)), 1000U);
  EXPECT_EQ(plan_.window()->bytes_s, 1000U);
  EXPECT_EQ(rate_at(at(0, 17, 59)), 1000U);
  EXPECT_EQ(rate_at(at(0, 18)), 5000U);
  EXPECT_EQ(plan_.window(), nullptr);
  EXPECT_EQ(rate_at(at(5, 12)), 5000U) << "Saturday";
  EXPECT_EQ(rate_at(at(6, 23)), 0U) << "Sunday night";
  EXPECT_EQ(rate_at(at(0, 5, 59)), 0U) << "over midnight and the end of the week";
  EXPECT_EQ(rate_at(at(0, 6)), 5000U);
}

TEST_F(BandwidthPlanTest, TheFirstWindowThatFitsCounts) {
  plan_.configure(0,
                  {kOffice, {.days = 1, .from_minute = 0, .to_minute = kDayMinutes, .bytes_s = 7}});
  EXPECT_EQ(rate_at(at(0, 9)), 1000U);
  EXPECT_EQ(rate_at(at(0, 19)), 7U);
  EXPECT_EQ(rate_at(at(1, 0)), 0U);
}

TEST_F(BandwidthPlanTest, BetweenTwoLimitsTheRateMovesInSteps) {
  EXPECT_EQ(rate_at(at(0, 7)), 5000U);
  std::uint64_t before = 5000;
  int steps = 0;
  for (; plan_.rate_bytes_s() != 1000; ++steps) {
    ASSERT_LT(steps, 20);
    plan_.on_tick(at(0, 8));
    EXPECT_LT(plan_.rate_bytes_s(), before);
    EXPECT_GE(plan_.rate_bytes_s() * 3, before * 2) << "no step is larger than a third";
    before = plan_.rate_bytes_s();
  }
  EXPECT_GT(steps, 5);
}

TEST_F(BandwidthPlanTest, WhatWasSetHoldsUntilTheScheduleChanges) {
  EXPECT_EQ(rate_at(at(0, 9)), 1000U);
  plan_.set(300);
  EXPECT_EQ(plan_.rate_bytes_s(), 300U) << "at once";
  EXPECT_EQ(rate_at(at(0, 17)), 300U);
  EXPECT_TRUE(plan_.is_set());
  EXPECT_EQ(rate_at(at(0, 18)), 5000U);
  EXPECT_FALSE(plan_.is_set());
  plan_.configure(5000, {});
  plan_.set(300);
  EXPECT_EQ(rate_at(at(2, 18)), 300U) << "without a schedule it holds for good";
}

TEST_F(BandwidthPlanTest, WhatWasSetBeforeTheFirstTickHolds) {
  BandwidthPlan fresh;
  fresh.configure(5000, {kOffice});
  fresh.set(300);
  fresh.on_tick(at(0, 9));
  EXPECT_EQ(fresh.rate_bytes_s(), 300U);
}

TEST_F(BandwidthPlanTest, SaysWhenItChanges) {
  EXPECT_FALSE(plan_.minutes_to_change()) << "it does not know the time yet";
  plan_.on_tick(at(0, 9));
  EXPECT_EQ(plan_.minutes_to_change(), 9 * 60);
  plan_.on_tick(at(4, 18));
  EXPECT_EQ(plan_.minutes_to_change(), 4 * 60) << "the night";
  plan_.configure(5000, {kOffice});
  EXPECT_EQ(plan_.minutes_to_change(), 2 * kDayMinutes + 14 * 60) << "over the weekend";
  plan_.configure(5000, {{.days = 0b1111111, .from_minute = 0, .to_minute = kDayMinutes}});
  EXPECT_FALSE(plan_.minutes_to_change()) << "one window, always";
}

}  // namespace
}  // namespace longthrow
