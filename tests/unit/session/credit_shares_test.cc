// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/credit_shares.h"

#include <gtest/gtest.h>

#include <vector>

namespace longthrow {
namespace {

TEST(CreditSharesTest, TheWindowsLeaveTheLastEighth) {
  EXPECT_EQ(group_window_bytes(64 * kMiB, 1), 56 * kMiB);
  EXPECT_EQ(group_window_bytes(64 * kMiB, 4), 14 * kMiB);
}

TEST(CreditSharesTest, TheLeastThatEachGroupNeedsGoesBeforeTheEighth) {
  EXPECT_EQ(group_window_bytes(4 * kMiB, 7), kGroupWindowMin);
  EXPECT_EQ(group_window_bytes(4 * kMiB, 8), kGroupWindowMin);
  EXPECT_EQ(group_window_bytes(4 * kMiB, 16), kMiB / 4) << "never more than there is";
  EXPECT_EQ(group_window_bytes(0, 0), 0U);
}

// A newcomer always finds what it needs, as many groups as the configuration allows.
TEST(CreditSharesTest, OneMoreGroupThatFitsFindsItsLeastBesideStuckOnes) {
  for (const std::uint64_t share : {4 * kMiB, 5 * kMiB, 128 * kMiB}) {
    for (std::size_t groups = 1; (groups + 1) * kGroupWindowMin <= share; ++groups) {
      EXPECT_LE(groups * group_window_bytes(share, groups) + kGroupWindowMin, share) << groups;
    }
  }
}

std::uint64_t level(std::uint64_t share, std::uint64_t window, std::vector<HeldCredit> held) {
  return credit_level_bytes(share, window, held);
}

TEST(CreditSharesTest, TheLevelIsTheWindowWhereAllHaveRoom) {
  EXPECT_EQ(level(64 * kMiB, 56 * kMiB, {{}}), 56 * kMiB);
  EXPECT_EQ(level(64 * kMiB, 28 * kMiB, {{20 * kMiB}, {}}), 28 * kMiB);
  EXPECT_EQ(level(64 * kMiB, 28 * kMiB, {}), kGroupWindowMin);
}

TEST(CreditSharesTest, ThoseThatComeLaterShareWhatAStuckGroupHasLeft) {
  EXPECT_EQ(level(64 * kMiB, 28 * kMiB, {{56 * kMiB}, {}}), 8 * kMiB);
  EXPECT_EQ(level(64 * kMiB, 14 * kMiB, {{56 * kMiB}, {}, {2 * kMiB}, {}}), 8 * kMiB / 3);
}

TEST(CreditSharesTest, WhatARemovedGroupHoldsIsNotThereForTheOthers) {
  EXPECT_EQ(level(64 * kMiB, 56 * kMiB, {{56 * kMiB, false}, {}}), 8 * kMiB);
}

TEST(CreditSharesTest, NoGroupIsCutBelowWhatAFrameNeeds) {
  EXPECT_EQ(level(4 * kMiB, kMiB, {{4 * kMiB}, {}, {}, {}}), kGroupWindowMin);
  EXPECT_EQ(level(kMiB / 4, kMiB / 4, {{}}), kMiB / 4);
}

}  // namespace
}  // namespace longthrow
