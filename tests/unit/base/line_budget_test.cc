// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/line_budget.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {
using std::chrono::hours;
using std::chrono::minutes;

TEST(LineBudget, AFewAtOnceThenOneNowAndThen) {
  LineBudget budget(3, hours(1));
  TimePoint now = TimePoint(hours(5));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.take(now)) << i;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(budget.take(now)) << i;
  EXPECT_EQ(budget.left_out(), 4U);
  now += minutes(59);
  EXPECT_FALSE(budget.take(now));
  now += minutes(1);
  EXPECT_TRUE(budget.take(now));
  EXPECT_FALSE(budget.take(now));
  EXPECT_EQ(budget.take_left_out(), 6U);
  EXPECT_EQ(budget.left_out(), 0U);
}

TEST(LineBudget, AfterARestAllMayBeSaidAgainAndNoMore) {
  LineBudget budget(3, hours(1));
  TimePoint now = TimePoint(hours(5));
  EXPECT_TRUE(budget.full(now));
  EXPECT_TRUE(budget.take(now));
  EXPECT_FALSE(budget.full(now));
  now += hours(100);
  EXPECT_TRUE(budget.full(now));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.take(now)) << i;
  EXPECT_FALSE(budget.take(now));
}

}  // namespace
}  // namespace longthrow
