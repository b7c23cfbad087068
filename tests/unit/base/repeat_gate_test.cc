// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/repeat_gate.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TimePoint at(Duration time) { return TimePoint(hours(1)) + time; }

TEST(RepeatGate, ADayOfTheSameStateIsAFewLines) {
  RepeatGate gate;
  int lines = 0;
  for (Duration time{0}; time < hours(24); time += seconds(1)) {
    if (gate.ask(at(time), "refused")) ++lines;
  }
  EXPECT_LT(lines, 25);
  EXPECT_GT(lines, 12);
}

TEST(RepeatGate, EachTextPassesAtOnceTheFirstTime) {
  RepeatGate gate;
  EXPECT_EQ(gate.ask(at(seconds(0)), "a"), 0U);
  EXPECT_EQ(gate.ask(at(seconds(1)), "b"), 0U);
  EXPECT_FALSE(gate.ask(at(seconds(2)), "a"));
  EXPECT_FALSE(gate.ask(at(seconds(59)), "a"));
  EXPECT_EQ(gate.ask(at(seconds(60)), "a"), 2U);
  EXPECT_FALSE(gate.ask(at(seconds(179)), "a"));
  EXPECT_EQ(gate.ask(at(seconds(180)), "a"), 1U);
}

TEST(RepeatGate, WhatWasSilentForLongIsNewAgain) {
  RepeatGate gate;
  EXPECT_TRUE(gate.ask(at(seconds(0)), "a"));
  EXPECT_EQ(gate.ask(at(hours(5)), "a"), 0U);
  EXPECT_FALSE(gate.ask(at(hours(5) + seconds(59)), "a"));
}

// As a peer could send them.
TEST(RepeatGate, ADayOfEverNewTextsIsAFewLinesAndTheRestIsCounted) {
  RepeatGate gate;
  std::uint64_t lines = 0;
  std::uint64_t left_out = 0;
  const std::uint64_t all = 24 * 3600;
  for (std::uint64_t i = 0; i < all; ++i) {
    if (gate.ask(at(seconds(i)), std::to_string(i))) ++lines;
    if (const auto more = gate.look(at(seconds(i)))) {
      ++lines;
      left_out += *more + 1;
    }
  }
  EXPECT_LT(lines, 70U);
  EXPECT_GT(lines, 40U);
  EXPECT_GT(left_out + lines, all - 2 * 3600);
  EXPECT_LE(left_out + lines, all + 12);
}

}  // namespace
}  // namespace longthrow
