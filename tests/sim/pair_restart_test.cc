// SPDX-License-Identifier: Apache-2.0
// restart-check: it says no while anything is under way that a restart would destroy, at whichever
// node it is, and yes although connections are open.
#include "tests/sim/drbd_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::seconds;

class PairRestart : public PairFixture {
 protected:
  Answer check(int side) { return command(side, RestartCheck{})->back(); }
  GroupRestart of_group(int side) { return check(side).restart->groups.at("g"); }
  std::size_t losses(int side) {
    return command(side, Losses{.minor = true})->back().losses->losses.size();
  }
};

TEST_F(PairRestart, AnIdleConnectionOnlyReconnects) {
  start();
  source({.bytes = kMiB, .ending = SourceEnding::hold});
  run(seconds(30));
  for (const int side : {0, 1}) {
    const Answer answer = check(side);
    EXPECT_TRUE(answer.ok) << lines(answer.details);
    EXPECT_EQ(answer.message, "nothing would be lost; 1 connection will reconnect");
  }
}

TEST_F(PairRestart, AfterAYesTheDeathOfANodeLosesNothing) {
  for (const int side : {0, 1}) {
    if (side == 0) start();
    source({.bytes = kMiB, .ending = SourceEnding::hold});
    run(seconds(30));
    ASSERT_TRUE(check(side).ok);
    kill(side);
    run(seconds(1));
    cluster->start(side);
    ASSERT_TRUE(wait([this] { return status(0).routes.at("r0").state == RouteState::open; }));
    EXPECT_EQ(losses(1 - side), 0U) << side;
  }
}

TEST_F(PairRestart, WhatIsUnderWayHindersAtBothNodes) {
  plan.wan.bandwidth_bytes_s = 128 * kKiB;
  start();
  source({.bytes = 4 * kMiB, .compressible = false, .ending = SourceEnding::hold});
  run(seconds(12));
  EXPECT_FALSE(check(0).ok);
  EXPECT_GT(of_group(0).to_peer_bytes, kMiB);
  // The DR node has handed over what it has; the rest is in the peer's buffer, and would be lost
  // with its session.
  EXPECT_FALSE(check(1).ok);
  EXPECT_GT(of_group(1).peer_silent_s.value_or(0), 4.0);
  EXPECT_TRUE(wait([this] { return check(0).ok && check(1).ok; }));
}

TEST_F(PairRestart, ATargetThatDoesNotReadHinders) {
  plan.network.receive_buffer_bytes_max = 64 * kKiB;
  start({.rate_bytes_s = 64 * kKiB});
  source({.bytes = 2 * kMiB, .compressible = false, .ending = SourceEnding::hold});
  run(seconds(5));
  EXPECT_GT(of_group(1).to_target_bytes, kMiB / 2);
  EXPECT_FALSE(check(1).ok);
}

TEST_F(PairRestart, ACutLinkMayHideBytesAtThePeer) {
  start();
  source({.bytes = kMiB, .ending = SourceEnding::hold});
  run(seconds(30));
  cut(std::chrono::minutes(1));
  run(seconds(30));
  EXPECT_GT(of_group(1).peer_silent_s.value_or(0), 20.0);
  EXPECT_TRUE(wait([this] { return check(1).ok; }));
}

TEST_F(PairRestart, ConnectionsThatWaitForTheLinkHaveBytesToLose) {
  start();
  cut(std::chrono::minutes(1));
  ASSERT_TRUE(wait([this] { return link(0).state != LinkState::up; }));
  source({.bytes = 1000, .ending = SourceEnding::hold});
  run(seconds(2));
  EXPECT_EQ(of_group(0).connections, 1U);
  EXPECT_GT(of_group(0).to_peer_bytes, 0U);
}

class DrbdRestart : public DrbdFixture {
 protected:
  bool check(int side) { return command(side, RestartCheck{})->back().ok; }
};

TEST_F(DrbdRestart, AnIdlePairMayBeRestartedAndOneThatWritesMayNot) {
  start_connected();
  run(seconds(30));
  EXPECT_TRUE(wait([this] { return check(0) && check(1); }, seconds(5)));
  primary().options().writes_per_s = 100;
  run(seconds(5));
  EXPECT_FALSE(check(0));
  primary().options().writes_per_s = 0;
  EXPECT_TRUE(wait([this] { return check(0) && check(1); }, seconds(60)));
}

}  // namespace
}  // namespace longthrow::sim
