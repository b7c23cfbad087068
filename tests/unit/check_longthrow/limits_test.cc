// SPDX-License-Identifier: Apache-2.0
#include "tools/check_longthrow/limits.h"

#include <gtest/gtest.h>

#include "longthrow/bytes.h"

namespace longthrow::check {
namespace {

TEST(Limits, AreTimesBytesOrAges) {
  Wishes wishes;
  EXPECT_TRUE(set_limit("30", Level::warning, wishes));
  EXPECT_TRUE(set_limit("5m", Level::critical, wishes));
  EXPECT_TRUE(set_limit("100MiB", Level::warning, wishes));
  EXPECT_TRUE(set_limit("1GiB", Level::critical, wishes));
  EXPECT_TRUE(set_limit("age=0.5", Level::warning, wishes));
  EXPECT_TRUE(set_limit("age=15m", Level::critical, wishes));
  EXPECT_EQ(wishes.lag.warning, 30);
  EXPECT_EQ(wishes.lag.critical, 300);
  EXPECT_EQ(wishes.lag_bytes.warning, 100.0 * kMiB);
  EXPECT_EQ(wishes.lag_bytes.critical, 1.0 * kGiB);
  EXPECT_EQ(wishes.age.warning, 0.5);
  EXPECT_EQ(wishes.age.critical, 900);
  EXPECT_TRUE(check_limits(wishes));
}

TEST(Limits, WhatMakesNoSenseIsRefused) {
  for (const char* text :
       {"", "x", "nan", "inf", "-1", "30 parsecs", "age=", "age=1GiB", "age=nan", "lag=30"}) {
    Wishes wishes;
    EXPECT_FALSE(set_limit(text, Level::warning, wishes)) << text;
  }
}

TEST(Limits, AWarningAboveItsCriticalIsRefused) {
  Wishes wishes;
  EXPECT_TRUE(check_limits(wishes));
  wishes.lag.warning = 601;
  EXPECT_FALSE(check_limits(wishes));
}

TEST(Limits, ACriticalLimitAloneLowersTheWarning) {
  Wishes wishes;
  EXPECT_TRUE(set_limit("30", Level::critical, wishes));
  EXPECT_FALSE(check_limits(wishes));
  lower_warnings(wishes);
  EXPECT_TRUE(check_limits(wishes));
  EXPECT_EQ(wishes.lag.warning, 30);
  EXPECT_EQ(wishes.age.warning, 60) << "as it was";
}

}  // namespace
}  // namespace longthrow::check
