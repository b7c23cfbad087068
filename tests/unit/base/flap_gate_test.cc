// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/flap_gate.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class FlapGates : public ::testing::Test {
 protected:
  struct Said {
    int episodes = 0;
    int summaries = 0;
    std::uint64_t left_out = 0;
    bool calm = false;
  };
  // The link goes down every `period` for `time`; it is looked at four times a second.
  Said flap(Duration period, Duration time) {
    Said said;
    TimePoint next = now_;
    for (const TimePoint end = now_ + time; now_ < end; now_ += std::chrono::milliseconds(250)) {
      if (now_ >= next) {
        gate_.on_down(now_);
        said.episodes += gate_.says() ? 1 : 0;
        next += period;
      }
      if (const auto summary = gate_.look(now_)) {
        ++said.summaries;
        said.left_out += summary->episodes;
        said.calm = summary->calm;
      }
    }
    return said;
  }

  FlapGate gate_;
  TimePoint now_ = TimePoint(hours(1000));
};

TEST_F(FlapGates, ACutNowAndThenIsSaidEachTime) {
  const Said said = flap(hours(3), hours(48));
  EXPECT_EQ(said.episodes, 16);
  EXPECT_EQ(said.summaries, 0);
}

TEST_F(FlapGates, OfADayWithoutRestFewAreSaidAndTheRestIsCounted) {
  for (const Duration period :
       {Duration(seconds(1)), Duration(seconds(30)), Duration(minutes(11)), Duration(hours(1))}) {
    gate_ = FlapGate();
    const Said said = flap(period, hours(24));
    SCOPED_TRACE(std::chrono::duration<double>(period).count());
    EXPECT_LE(said.episodes, 17);
    EXPECT_GE(said.episodes, 5);
    EXPECT_LE(said.summaries, 18);
    const auto all = static_cast<std::uint64_t>(hours(24) / period);
    EXPECT_GE(said.left_out + static_cast<std::uint64_t>(said.episodes) +
                  static_cast<std::uint64_t>(hours(2) / period),
              all);
    EXPECT_LE(said.left_out + static_cast<std::uint64_t>(said.episodes), all);
  }
}

TEST_F(FlapGates, WhenItCalmsThatIsSaidWithAllThatWasLeftOut) {
  const Said restless = flap(seconds(1), minutes(5));
  EXPECT_EQ(restless.episodes, 5);
  EXPECT_FALSE(gate_.says());
  const Said quiet = flap(hours(100), minutes(65));
  EXPECT_TRUE(quiet.calm);
  EXPECT_TRUE(gate_.says());
  EXPECT_EQ(restless.left_out + quiet.left_out, 295U + 1U);
}

}  // namespace
}  // namespace longthrow
