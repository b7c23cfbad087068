// SPDX-License-Identifier: Apache-2.0
// How the two connections of a DRBD pair end: what was handed over before is on its disk.
#include "tests/sim/drbd_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A secondary whose disk is slower than what is written.
class DrbdEnds : public DrbdFixture {
 protected:
  DrbdEnds() {
    plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 64 * kKiB;
    plan.network.send_buffer_bytes_min = plan.network.receive_buffer_bytes_min = 64 * kKiB;
  }
  // Its meta stream is silent: no acknowledgements, no pings.
  static constexpr DrbdNodeOptions silent() {
    return {.ping_interval = hours(1), .disk_delay = hours(1)};
  }
  // Some 4 MiB are written in 10 s, and read in 30.
  void fall_behind(DrbdNodeOptions of = {}) {
    if (of.read_bytes_s == 0) of.read_bytes_s = 128 * kKiB;
    start_connected(of);
    primary().options().writes_per_s = 100;
    run(seconds(10));
    primary().options().writes_per_s = 0;
    run(milliseconds(200));  // the last barrier
    given = nodes[0]->given_bytes();
    read = nodes[1]->counters().data_bytes;
    ASSERT_GT(given, read + kMiB);
    // Of a send that is under way some may be there already.
    held = group(1).undelivered_bytes - cluster->loop(1)->uncertain_leg_bytes();
    ASSERT_GT(held, 256 * kKiB);
  }
  // Until the secondary's DRBD has no connection.
  bool wait_dropped(Duration limit = std::chrono::minutes(5)) {
    return wait([this] { return nodes[1]->counters().drops > 0; }, limit);
  }
  std::size_t legs_open(int side) {
    const Status now = status(side);
    return static_cast<std::size_t>(std::ranges::count_if(
        now.routes.at("r0").channels, [](const auto& channel) { return !channel.local.empty(); }));
  }
  void expect_all_given_is_applied() {
    run(seconds(15));
    EXPECT_EQ(nodes[1]->counters().drops, 0) << nodes[1]->last_drop() << "\n" << lines(log);
    EXPECT_EQ(legs_open(1), 2U);
    ASSERT_TRUE(wait_dropped());
    EXPECT_GE(nodes[1]->counters().data_bytes, given);
  }
  void expect_reconnected() {
    ASSERT_TRUE(wait_connected());
    ASSERT_TRUE(wait_in_sync());
    EXPECT_EQ(applied(), truth.writes());
    EXPECT_EQ(nodes[1]->counters().drops, 1);
  }

  std::uint64_t given = 0;  // accepted by the node at side 0
  std::uint64_t held = 0;   // by the node at side 1
  std::uint64_t read = 0;   // by the secondary
};

// DRBD throws away what is on its way when its meta stream ends.
TEST_F(DrbdEnds, TheMetaStreamsEndIsHeldUntilTheDataStreamIsClosed) {
  fall_behind(silent());
  nodes[0]->stop();
  expect_all_given_is_applied();
  EXPECT_EQ(nodes[1]->last_drop(), "the data stream has ended");
  EXPECT_FALSE(nodes[1]->data_was_reset());
  EXPECT_EQ(applied(), truth.writes());
}

// Acknowledgements meet a DRBD that has gone: its host resets the connection at which they come.
TEST_F(DrbdEnds, TheMetaStreamsEndIsHeldAlsoWhenAcknowledgementsMeetNobody) {
  fall_behind();
  nodes[0]->stop();
  expect_all_given_is_applied();
  EXPECT_EQ(nodes[1]->last_drop(), "the data stream has ended");
  EXPECT_EQ(applied(), truth.writes());
}

TEST_F(DrbdEnds, AResetOfBothConnectionsComesAfterAllThatWasGiven) {
  fall_behind();
  const auto of_primary = network->connections_between(cluster->inside(0), cluster->host(0));
  for (const ConnectionId connection : of_primary) network->reset_connection(connection);
  expect_all_given_is_applied();
}

TEST_F(DrbdEnds, ANewPairIsNotLetInBeforeTheOldOneHasEnded) {
  fall_behind(silent());
  const std::uint64_t channels = status(0).routes.at("r0").channels_total;
  nodes[0]->stop();
  nodes[0]->start();
  run(seconds(15));
  EXPECT_FALSE(nodes[0]->connected());
  EXPECT_EQ(status(0).routes.at("r0").channels_total, channels);
  EXPECT_EQ(nodes[1]->counters().drops, 0);
  ASSERT_TRUE(wait_dropped());
  EXPECT_GE(nodes[1]->counters().data_bytes, given);
  nodes[1]->secondary().set_disk_delay(seconds(0));
  expect_reconnected();
}

TEST_F(DrbdEnds, AConnectionThatIsResetTakesTheOtherOneAlong) {
  start_connected();
  const auto of_primary = network->connections_between(cluster->inside(0), cluster->host(0));
  ASSERT_EQ(of_primary.size(), 2U);
  network->reset_connection(of_primary.front());
  ASSERT_TRUE(wait_dropped(seconds(3)));
  EXPECT_EQ(ping_timeouts(), 0);
  expect_reconnected();
}

TEST_F(DrbdEnds, ALostSessionIsHandedOverAndThenBothAreReset) {
  fall_behind();
  kill(0);
  cluster->start(0);
  ASSERT_TRUE(wait([this] { return !nodes[0]->connected(); }, seconds(1)));
  run(seconds(10));
  EXPECT_EQ(nodes[1]->counters().drops, 0);
  ASSERT_TRUE(wait_dropped());
  EXPECT_GE(nodes[1]->counters().data_bytes, read + held);
  EXPECT_EQ(drbd(1).sent.barrier_acks, drbd(1).received.barriers);
  expect_reconnected();
}

TEST_F(DrbdEnds, ALostSiteLeavesWhatHasArrived) {
  options.routes[0].answer_pings = AnswerPings::outage;
  fall_behind();
  cluster->die(0, Death::machine);
  network->power_off(cluster->inside(0));
  run(seconds(120));
  EXPECT_EQ(nodes[1]->counters().drops, 0) << nodes[1]->last_drop();
  EXPECT_GE(nodes[1]->counters().data_bytes, read + held);
  const auto taken = command(1, Takeover{.name = "g"});
  ASSERT_TRUE(wait([&] { return answered(*taken); }));
  EXPECT_TRUE(taken->back().ok) << taken->back().message;
  EXPECT_EQ(taken->back().consistent, true) << lines(taken->back().details);
  EXPECT_TRUE(wait_dropped(seconds(1)));
}

TEST_F(DrbdEnds, ATakeoverHandsOverWhatIsHereAndThenResetsBoth) {
  options.routes[0].answer_pings = AnswerPings::outage;
  fall_behind();
  cut(hours(1));
  ASSERT_TRUE(wait([this] { return link(1).state != LinkState::up; }));
  const auto taken = command(1, Takeover{.name = "g"});
  ASSERT_TRUE(wait([&] { return answered(*taken); }));
  EXPECT_TRUE(taken->back().ok) << taken->back().message;
  EXPECT_GE(nodes[1]->counters().data_bytes, read + held);
  EXPECT_EQ(drbd(1).sent.barrier_acks, drbd(1).received.barriers);
  EXPECT_EQ(legs_open(1), 0U);
  EXPECT_TRUE(wait_dropped(seconds(1)));
}

}  // namespace
}  // namespace longthrow::sim
