// SPDX-License-Identifier: Apache-2.0
// What memory that goes bad costs, and what it does not.
#include "tests/sim/losses_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::seconds;
using PairDamage = PairLosses;

// The memory of a node that waits for its link goes bad: the peer, which finds it, says why.
TEST_F(PairDamage, OfAFrameThatFailsItsChecksum) {
  start();
  write_for_long();
  network->cut_one_way(cluster->host(0), cluster->host(1), world.now() + seconds(30));
  run(seconds(20));  // the lanes are given up: all of it is sent again
  ASSERT_TRUE(damage_stored_frame(0, 0));
  wait_for_end();
  const Loss there = sum(1, LossReason::corrupt, LossPlace::undelivered);
  const Loss here = sum(0, LossReason::peer_program_closed, LossPlace::to_peer);
  EXPECT_GT(*here.bytes, 64 * kKiB);
  expect_lacking(here);
  EXPECT_LE(*there.bytes, *here.bytes);
  expect_told_by_a_later_drain(*here.bytes);
}

// Answers that cannot be had end a stream; what its program has given by then arrives all the same.
TEST_F(PairDamage, OfAnswersThatFailTheirChecksumTakeNothingFromTheOtherDirection) {
  plan.wan.bandwidth_bytes_s = 512 * kKiB;
  options.compression = {.automatic = false, .fixed = {CodecId::none, 0}};
  start({.answer_ratio = 0.5});
  // More than the send share holds: some of it waits unread for long.
  app = &source({.bytes = 21'000'000, .rate_bytes_s = kMiB, .ending = SourceEnding::hold});
  run(seconds(20));
  stream = app->channel();
  ASSERT_NE(stream, nullptr);
  network->cut_one_way(cluster->host(1), cluster->host(0), world.now() + seconds(30));
  run(seconds(20));
  ASSERT_TRUE(damage_stored_frame(1, 0));
  wait_for_end();
  EXPECT_EQ(sum(1, LossReason::peer_program_closed, LossPlace::to_peer).channels, 1U);
  EXPECT_GT(given, 20 * kMiB);
  EXPECT_EQ(lacking(), 0U);
}

// Bad memory costs the streams whose bytes it held, however often, and no other.
TEST_F(PairDamage, OfMemoryThatIsDamagedAgainAndAgainAreThoseOfItsChannelsAlone) {
  options.routes.push_back({.name = "r1", .group = "h"});
  start();
  SourceApp& other =
      source({.bytes = 64 * kMiB, .rate_bytes_s = 1000, .ending = SourceEnding::hold}, 1);
  run(seconds(2));
  const ChannelRecord* other_stream = other.channel();
  for (int i = 0; i < 4; ++i) {
    write_for_long();
    network->cut_one_way(cluster->host(0), cluster->host(1), world.now() + seconds(30));
    run(seconds(20));
    ASSERT_TRUE(damage_stored_frame(0, 1)) << i;
    wait_for_end();
    app->stop();
  }
  EXPECT_EQ(sum(0, LossReason::peer_program_closed, LossPlace::to_peer).channels, 4U);
  EXPECT_EQ(other.channel(), other_stream);
  EXPECT_EQ(link(0).state, LinkState::up);
}

}  // namespace
}  // namespace longthrow::sim
