// SPDX-License-Identifier: Apache-2.0
// A DRBD pair over two nodes: how its two connections are recognised, how it lives through an
// outage, and what is said of it.
#include "tests/sim/drbd_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

class DrbdPair : public DrbdFixture {
 protected:
  static constexpr DrbdNodeOptions busy() {
    return {.extra_pings_every = milliseconds(200), .program = {.writes_per_s = 100}};
  }
  void write_and_pause() {
    primary().options().writes_per_s = 100;
    run(seconds(10));
    primary().options().writes_per_s = 0;
  }
};

TEST_F(DrbdPair, Forms) {
  start_connected();
  run(seconds(60));
  EXPECT_TRUE(paired());
  EXPECT_EQ(drops(), 0) << nodes[0]->last_drop() << nodes[1]->last_drop();
  for (const int side : {0, 1}) EXPECT_EQ(status(side).routes.at("r0").channels.size(), 2U);
}

// Each time both nodes connect and listen, at any moment within the same second.
TEST_F(DrbdPair, SettlesWhenConnectsCross) {
  plan.wan.latency_min = plan.wan.latency_mean = milliseconds(150);
  start_drbd();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(wait_connected()) << i << " " << lines(log);
    run(seconds(15));
    EXPECT_TRUE(nodes[0]->connected() && nodes[1]->connected() && paired()) << i;
    for (const int side : {0, 1}) EXPECT_EQ(status(side).routes.at("r0").channels.size(), 2U) << i;
    for (auto& node : nodes) node->stop();
    run(seconds(5));
    for (auto& node : nodes) node->start();
  }
  EXPECT_GT(nodes[0]->counters().crossed + nodes[1]->counters().crossed, 5);
  EXPECT_EQ(drops(), 0);
}

TEST_F(DrbdPair, MirrorsWritesAndAcknowledgesBarriers) {
  start_connected({.program = {.write_acks = true}});
  write_and_pause();
  ASSERT_TRUE(wait_in_sync());
  EXPECT_EQ(applied(), truth.writes());
  EXPECT_EQ(primary().write_acks(), truth.writes());
  EXPECT_EQ(drbd(0).sent.volumes.at(0).writes, truth.writes());
  EXPECT_EQ(drbd(0).sent.barriers, primary().barrier_acks());
  EXPECT_EQ(drbd(1).sent.barrier_acks, primary().barrier_acks());
  EXPECT_EQ(drbd(0).barriers_open, 0U);
  EXPECT_EQ(drops(), 0);
}

TEST_F(DrbdPair, OfAnOldProtocolWithShortHeadersIsMirroredToo) {
  start_connected({.protocol_max = 94});
  write_and_pause();
  ASSERT_TRUE(wait_in_sync());
  EXPECT_EQ(drbd(0).sent.barriers, primary().barrier_acks());
  EXPECT_EQ(drbd(1).disks.at(65535).here, "up to date");
}

TEST_F(DrbdPair, OutlivesACutWhileItsPingsAreAnswered) {
  options.routes[0].answer_pings = AnswerPings::outage;
  start_connected(busy());
  run(seconds(30));
  for (const int side : {0, 1}) EXPECT_EQ(drbd(side).pings_answered, 0U);
  for (int i = 0; i < 5; ++i) {
    cut(seconds(120));
    run(seconds(100));
    EXPECT_GT(drbd(0).barriers_open, 0U);
    run(seconds(60));
    EXPECT_EQ(drops(), 0) << nodes[0]->last_drop() << nodes[1]->last_drop();
  }
  for (const int side : {0, 1}) EXPECT_GT(drbd(side).pings_answered, 0U);
  primary().options().writes_per_s = 0;
  for (auto& node : nodes) node->options().extra_pings_every = Duration(0);
  ASSERT_TRUE(wait_in_sync());
  run(seconds(2));
  for (auto& node : nodes) EXPECT_EQ(node->counters().pings, node->counters().ping_acks);
  EXPECT_EQ(applied(), truth.writes());
}

TEST_F(DrbdPair, LosesItsPingsInACutAndResynchronises) {
  start_connected(busy());
  cut(seconds(120));
  run(seconds(100));
  EXPECT_GT(ping_timeouts(), 0);
  EXPECT_FALSE(nodes[0]->connected());
  primary().options().writes_per_s = 0;
  ASSERT_TRUE(wait_connected());
  ASSERT_TRUE(wait_in_sync());
  EXPECT_EQ(applied(), truth.writes());
  EXPECT_GT(secondary().resynced(), 0U);
  EXPECT_EQ(drbd(0).pings_answered, 0U);
}

TEST_F(DrbdPair, ShowsItsDisksDuringAResync) {
  make_wan_slow();
  start_drbd();
  primary().write(1000);
  ASSERT_TRUE(wait([this] { return secondary().resynced() > 20; }));
  EXPECT_EQ(drbd(0).disks.at(0).here, "up to date");
  EXPECT_EQ(drbd(0).disks.at(0).peer, "inconsistent");
  EXPECT_EQ(drbd(1).disks.at(0).here, "inconsistent");
  EXPECT_EQ(group(1).consistent, Consistency::no);
  ASSERT_TRUE(wait_in_sync());
  run(seconds(5));
  EXPECT_EQ(drbd(0).disks.at(0).peer, "up to date");
  EXPECT_EQ(drbd(1).disks.at(0).here, "up to date");
  EXPECT_EQ(group(1).consistent, Consistency::yes) << group(1).reason;
}

TEST_F(DrbdPair, ShowsWhoseDrbdIsAhead) {
  make_wan_slow();
  start_connected({.program = {.writes_per_s = 100, .congestion_bytes = 256 * kKiB}});
  ASSERT_TRUE(wait([this] { return primary().is_ahead(); }));
  ASSERT_TRUE(wait([this] { return drbd(1).ahead == Side::peer; }, seconds(20)));
  EXPECT_EQ(drbd(0).ahead, Side::here);
  primary().options().writes_per_s = 0;
  ASSERT_TRUE(wait_in_sync());
  run(seconds(5));
  for (const int side : {0, 1}) EXPECT_EQ(drbd(side).ahead, std::nullopt);
  EXPECT_GT(secondary().resynced(), 0U);
  EXPECT_EQ(drops(), 0);
}

// What waits for DRBD's disk is delivered, and not drained.
TEST_F(DrbdPair, IsDrainedWhenItsBarriersAreAcknowledged) {
  start_connected({.disk_delay = seconds(20)});
  primary().write(30);
  run(seconds(1));
  const auto answers = command(0, Drain{.group = "g"});
  run(seconds(15));
  EXPECT_FALSE(answered(*answers));
  EXPECT_EQ(applied(), truth.writes());
  EXPECT_EQ(group(0).lag.bytes, 0U);
  ASSERT_TRUE(wait([&] { return answered(*answers); }, seconds(10)));
  EXPECT_TRUE(answers->back().ok) << answers->back().message;
  EXPECT_NE(answers->back().message.find("DRBD says so"), std::string::npos);
  EXPECT_TRUE(primary().in_sync());
}

TEST_F(DrbdPair, MayBeTakenOverAtTheTargetOfAResyncWithoutForce) {
  make_wan_slow();
  options.routes[0].answer_pings = AnswerPings::outage;
  start_drbd();
  primary().write(1000);
  ASSERT_TRUE(wait([this] { return secondary().resynced() > 20; }));
  cut(std::chrono::hours(1));
  ASSERT_TRUE(
      wait([this] { return link(0).state != LinkState::up && link(1).state != LinkState::up; }));
  EXPECT_FALSE(command(0, Takeover{.name = "g"})->back().ok) << "its source";
  const auto taken = command(1, Takeover{.name = "g"});
  ASSERT_TRUE(wait([&] { return answered(*taken); }));
  EXPECT_TRUE(taken->back().ok) << taken->back().message;
  EXPECT_EQ(taken->back().consistent, false);
  EXPECT_FALSE(secondary().up_to_date());
  run(seconds(1));
  EXPECT_EQ(drops(), 1) << "the target's, by the takeover";
}

}  // namespace
}  // namespace longthrow::sim
