// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/number_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace longthrow {
namespace {

using Outcome = NumberSet::Outcome;

TEST(NumberSet, FillsUpFromBelow) {
  NumberSet set;
  EXPECT_EQ(set.add(0), Outcome::added);
  EXPECT_EQ(set.add(2), Outcome::added);
  EXPECT_EQ(set.next(), 1U);
  EXPECT_EQ(set.add(1), Outcome::added);
  EXPECT_EQ(set.next(), 3U);
  EXPECT_EQ(set.range_count(), 0U);
  EXPECT_EQ(set.add(1), Outcome::present);
}

TEST(NumberSet, AgreesWithASetOfNumbersInAnyOrder) {
  std::mt19937 random(7);
  NumberSet set;
  std::set<std::uint64_t> model;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t number = set.next() + random() % 200;
    EXPECT_EQ(set.add(number) == Outcome::added, model.insert(number).second);
    EXPECT_TRUE(set.contains(number));
  }
  std::uint64_t last = 0;
  for (const auto& range : set.lowest_ranges(set.range_count())) {
    EXPECT_GT(range.first, last + (last != 0 ? 1 : 0));
    EXPECT_GT(range.first, set.next());
    last = range.last;
  }
}

TEST(NumberSet, RefusesMoreGapsThanItsLimit) {
  NumberSet set;
  for (std::uint64_t i = 0; i < NumberSet::kRangesMax; ++i)
    ASSERT_EQ(set.add(2 + 2 * i), Outcome::added);
  EXPECT_EQ(set.add(10'000'000), Outcome::too_many_gaps);
  EXPECT_FALSE(set.contains(10'000'000));
}

// A peer may fill the lowest gap and make a new one for ever: each step is to be cheap.
TEST(NumberSet, GapsAreFilledInAnyOrderAtTheCostOfATree) {
  NumberSet set;
  for (std::uint64_t i = NumberSet::kRangesMax; i > 0; --i) {
    ASSERT_EQ(set.add(2 * i), Outcome::added);
  }
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    ASSERT_EQ(set.add(2 * i), i == 0 ? Outcome::added : Outcome::present);
    ASSERT_EQ(set.add(2 * i + 1), Outcome::added);
    ASSERT_EQ(set.add(2 * (NumberSet::kRangesMax + i + 1)), Outcome::added);
  }
  EXPECT_EQ(set.next(), 400'001U);
}

TEST(NumberSet, TellsItsLowestRanges) {
  NumberSet set;
  for (const std::uint64_t number : {9, 5, 6, 2}) EXPECT_EQ(set.add(number), Outcome::added);
  const auto lowest = set.lowest_ranges(2);
  ASSERT_EQ(lowest.size(), 2U);
  EXPECT_EQ(lowest[0].first, 2U);
  EXPECT_EQ(lowest[1].first, 5U);
  EXPECT_EQ(lowest[1].last, 6U);
}

}  // namespace
}  // namespace longthrow
