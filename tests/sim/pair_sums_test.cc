// SPDX-License-Identifier: Apache-2.0
// The sums that a pair counts since its start, beside what a test knows of them.
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {

using std::chrono::seconds;

class PairSums : public PairFixture {};

TEST_F(PairSums, TheTimeThatTheBufferWasFullIsThatOfTheStandstill) {
  start();
  cut(seconds(60));
  const TimePoint cut_at = world.now();
  SourceApp& app = source({.bytes = 40 * kMiB, .compressible = false});
  ASSERT_TRUE(wait([this] { return link(0).buffer.full; }));
  const TimePoint full_at = world.now();
  const double before = link(0).buffer.full_s;
  EXPECT_LT(before, 1.0);
  ASSERT_LT(full_at, cut_at + seconds(40));
  run(seconds(10));
  EXPECT_NEAR(link(0).buffer.full_s - before, 10.0, 0.001) << "a standstill that still runs";
  ASSERT_TRUE(wait([&] { return app.finished() && link(0).lag.bytes == 0; }));
  const double after = link(0).buffer.full_s;
  EXPECT_GT(after, seconds_of(cut_at + seconds(60) - full_at));
  EXPECT_LT(after, seconds_of(world.now() - full_at) + before);
  run(seconds(60));
  EXPECT_EQ(link(0).buffer.full_s, after) << "it is empty";
  EXPECT_EQ(link(1).buffer.full_s, 0.0) << "the other way had nothing to send";
}

TEST_F(PairSums, WhatThePeerHasDeliveredIsWhatItSaysItself) {
  start({.answer_ratio = 0.5});
  const auto carry = [this](std::uint64_t bytes) {
    SourceApp& app = source({.bytes = bytes});
    return wait([&] { return app.finished() && targets.front().open_connections() == 0; });
  };
  ASSERT_TRUE(carry(3 * kMiB));
  cut(seconds(15));
  ASSERT_TRUE(carry(2 * kMiB));
  run(seconds(10));
  EXPECT_EQ(link(0).peer_delivered_bytes, 5 * kMiB);
  EXPECT_EQ(link(1).delivered_bytes, 5 * kMiB);
  EXPECT_GT(link(1).peer_delivered_bytes, 0U);
  EXPECT_EQ(link(1).peer_delivered_bytes, link(0).delivered_bytes);
}

TEST_F(PairSums, WhatWasDeliveredStaysCountedWhenItsSessionEnds) {
  start();
  source({.bytes = 400 * kMiB, .compressible = false});
  ASSERT_TRUE(wait([this] { return link(0).peer_delivered_bytes > 4 * kMiB; }));
  const std::uint64_t before = link(0).peer_delivered_bytes;
  kill(1);
  cluster->start(1);
  ASSERT_TRUE(wait([this] { return link(0).sessions == 2; }));
  run(seconds(2));
  EXPECT_GE(link(0).peer_delivered_bytes, before);
  EXPECT_LE(link(0).peer_delivered_bytes, link(0).raw_in_bytes);
}

}  // namespace
}  // namespace longthrow::sim
