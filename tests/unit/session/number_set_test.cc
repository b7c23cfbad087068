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
  EXPECT_TRUE(set.ranges().empty());
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
  for (const auto& range : set.ranges()) {
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

}  // namespace
}  // namespace longthrow
