// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/copy_age.h"

#include <gtest/gtest.h>

#include <limits>

namespace longthrow {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(1000)};

TEST(SteadyCivilClock, CountsOnFromTheCivilTimeOfTheStart) {
  const SteadyCivilClock clock(WallTime(hours(5)), kStart);
  EXPECT_EQ(clock.at_ns(kStart), Duration(hours(5)).count());
  EXPECT_EQ(clock.at_ns(kStart + seconds(7)), Duration(hours(5) + seconds(7)).count());
}

TEST(CopyAge, NothingReceivedHasNoAge) {
  EXPECT_FALSE(CopyAge().age(kStart).has_value());
  EXPECT_EQ(CopyAge().as_of_ns(), 0);
}

TEST(CopyAge, IsWhatTheSenderIsAheadAndHalfARoundTrip) {
  CopyAge copy;
  const std::int64_t sender_ns = Duration(hours(9)).count();
  copy.note(kStart, sender_ns - Duration(seconds(3)).count(),
            {.wall_ns = sender_ns, .at = kStart - seconds(1), .trip_max = milliseconds(40)});
  EXPECT_EQ(*copy.age(kStart), seconds(4) + milliseconds(40));
}

TEST(CopyAge, CountsOnWithoutASender) {
  CopyAge copy;
  copy.note(kStart, 5, {.wall_ns = 5, .at = kStart});
  EXPECT_EQ(*copy.age(kStart), seconds(0));
  EXPECT_EQ(*copy.age(kStart + hours(2)), hours(2));
}

TEST(CopyAge, IsNeverNegative) {
  CopyAge copy;
  copy.note(kStart, Duration(hours(2)).count(), {.wall_ns = 5, .at = kStart});
  EXPECT_EQ(*copy.age(kStart), seconds(0));
  EXPECT_EQ(*copy.age(kStart + seconds(9)), seconds(9));
}

TEST(CopyAge, WhatAnEarlierStartKnewAgesByTheCivilClock) {
  CopyAge copy;
  const TimePoint now(std::chrono::seconds(5));
  const WallTime civil(std::chrono::seconds(1000));
  copy.restore(now, civil, 970'000'000'000);
  EXPECT_EQ(copy.as_of_ns(), 970'000'000'000);
  EXPECT_EQ(copy.age(now + std::chrono::seconds(2)), Duration(std::chrono::seconds(32)));
  copy.restore(now, civil, 2'000'000'000'000);  // clocks that disagree
  EXPECT_EQ(copy.age(now), Duration(0));
}

TEST(CopyAge, ClocksOfAPeerThatCannotBeAreNotNoted) {
  const TimePoint now{std::chrono::seconds(5)};
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  CopyAge copy;
  copy.note(now, 100, {.wall_ns = 300, .at = now});
  copy.note(now, -kMost, {.wall_ns = kMost, .at = now});
  copy.note(now, kMost, {.wall_ns = kMost, .at = now, .civil_offset_ns = kMost});
  copy.note(now, 1, {.wall_ns = kMost, .at = now});
  EXPECT_EQ(copy.as_of_ns(), 100);
  EXPECT_EQ(*copy.age(now), Duration(200));
}

}  // namespace
}  // namespace longthrow
