// SPDX-License-Identifier: Apache-2.0
// What commands stop, and when they answer, though not all goes well meanwhile.
#include "proxy/base/week_time.h"
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::minutes;
using std::chrono::seconds;

class PairCommands : public PairFixture {
 protected:
  PairCommands() {
    plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 64 * kKiB;
  }
  // So that bytes wait for the target.
  void fall_behind() {
    start({.rate_bytes_s = 64 * kKiB});
    source({.bytes = 2 * kMiB, .compressible = false, .ending = SourceEnding::hold});
    run(seconds(5));
    ASSERT_GT(group(1).undelivered_bytes, kMiB);
  }
  // Only side 0 dials.
  void expect_pause_holds(int pauser) {
    options.dials[1] = false;
    start();
    ASSERT_TRUE(command(pauser, Pause{.link = "wan"})->back().ok);
    for (int i = 0; i < 60; ++i) {
      run(seconds(1));
      for (const int side : {0, 1}) ASSERT_NE(link(side).state, LinkState::up) << i;
    }
    ASSERT_TRUE(command(pauser, Resume{"wan"})->back().ok);
    EXPECT_TRUE(wait([this] { return link(0).state == LinkState::up; }));
  }
};

TEST_F(PairCommands, AHeldGroupTakesNoNewConnectionAndOthersDo) {
  options.routes.push_back({.name = "r1", .group = "h"});
  start();
  const auto held = command(0, Drain{.group = "g", .hold = true});
  ASSERT_TRUE(wait([&] { return answered(*held); }));
  ASSERT_TRUE(held->back().ok) << held->back().message;
  run(seconds(1));
  const SourceApp& refused = source({.bytes = 1000, .ending = SourceEnding::hold});
  const SourceApp& taken = source({.bytes = 1000, .ending = SourceEnding::hold}, 1);
  run(seconds(5));
  EXPECT_EQ(targets.front().connections(), 0U);
  EXPECT_GT(refused.failed_connects(), 2U);
  EXPECT_EQ(targets.back().received_bytes(*taken.channel()), 1000U);
  ASSERT_TRUE(command(0, Resume{"g"})->back().ok);
  EXPECT_TRUE(wait([this] { return targets.front().connections() == 1; }, seconds(5)));
}

// The buffer is full, so that bytes wait unread when the hold begins: they are part of the drain.
TEST_F(PairCommands, AHeldDrainDeliversWhatTheKernelHadWhenItBegan) {
  plan.wan.bandwidth_bytes_s = 512 * kKiB;
  options.compression = {.automatic = false, .fixed = {CodecId::none, 0}};
  start();
  const SourceApp& app =
      source({.bytes = 64 * kMiB, .rate_bytes_s = 8 * kMiB, .ending = SourceEnding::hold});
  run(seconds(5));
  const std::uint64_t given = app.acknowledged_bytes();
  ASSERT_TRUE(link(0).buffer.full);
  const auto held = command(0, Drain{.group = "g", .hold = true});
  ASSERT_TRUE(wait([&] { return answered(*held); }));
  EXPECT_TRUE(held->back().ok) << held->back().message;
  EXPECT_GE(targets.front().received_bytes(*app.channel()), given);
}

TEST_F(PairCommands, ADrainFailsWhenWhatItWaitsForIsLost) {
  fall_behind();
  const auto drain = command(0, Drain{.group = "g"});
  run(seconds(1));
  ASSERT_FALSE(answered(*drain));
  targets.front().reset_all();
  ASSERT_TRUE(wait([&] { return answered(*drain); }, seconds(5)));
  EXPECT_FALSE(drain->back().ok) << drain->back().message;
}

TEST_F(PairCommands, ADrainThatIsGivenATimeEndsWithIt) {
  fall_behind();
  const auto drain = command(0, Drain{.group = "g", .timeout = seconds(5)});
  run(seconds(4));
  EXPECT_FALSE(answered(*drain));
  run(seconds(2));
  ASSERT_TRUE(answered(*drain));
  EXPECT_FALSE(drain->back().ok) << drain->back().message;
}

// What was lost is made good by a newer connection, of which the peer has everything.
TEST_F(PairCommands, ADrainSucceedsAgainWhenANewerConnectionHasCaughtUp) {
  fall_behind();
  targets.front().reset_all();
  run(seconds(2));
  const auto early = command(0, Drain{.group = "g"});
  ASSERT_TRUE(wait([&] { return answered(*early); }));
  EXPECT_FALSE(early->back().ok) << early->back().message;
  source({.bytes = 10'000, .ending = SourceEnding::hold});
  run(seconds(5));
  const auto late = command(0, Drain{.group = "g"});
  ASSERT_TRUE(wait([&] { return answered(*late); }));
  EXPECT_TRUE(late->back().ok) << late->back().message;
}

TEST_F(PairCommands, ATakeoverHandsOverAllThatIsHere) {
  fall_behind();
  const ChannelStatus said = status(0).routes.at("r0").channels.at(0);
  const std::uint64_t held = said.in_bytes - said.lag_bytes;
  const ChannelRecord& stream = *sources.front().channel();
  ASSERT_GT(held, targets.front().received_bytes(stream) + kMiB / 2);
  const auto taken = command(1, Takeover{.name = "g", .force = true});
  ASSERT_TRUE(wait([&] { return answered(*taken); }));
  EXPECT_TRUE(taken->back().ok) << taken->back().message;
  EXPECT_GE(targets.front().received_bytes(stream), held);
}

TEST_F(PairCommands, AGroupThatWasTakenOverStaysSoOverARestart) {
  start();
  const auto taken = command(1, Takeover{.name = "g", .force = true});
  ASSERT_TRUE(wait([&] { return answered(*taken); }));
  kill(1);
  cluster->start(1);
  ASSERT_TRUE(wait([this] { return link(1).state == LinkState::up; }));
  run(seconds(2));
  source({.bytes = 1000, .ending = SourceEnding::hold});
  run(seconds(10));
  EXPECT_EQ(targets.front().connections(), 0U);
  ASSERT_TRUE(command(1, Release{"g"})->back().ok);
  EXPECT_TRUE(wait([this] { return targets.front().connections() == 1; }, seconds(10)));
}

TEST_F(PairCommands, ASideThatIsPausedLetsNobodyIn) { expect_pause_holds(1); }
TEST_F(PairCommands, ASideThatIsPausedDialsNobody) { expect_pause_holds(0); }

// The target has all bytes, and the lanes are given up before the peer's word of it arrives.
TEST_F(PairCommands, ADrainHearsOfWhatWasDeliveredInAnOutage) {
  start();
  const SourceApp& app = source({.bytes = 10'000, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([&] { return app.channel() != nullptr; }));
  network->cut_one_way(cluster->host(1), cluster->host(0), world.now() + seconds(30));
  ASSERT_TRUE(wait([&] { return targets.front().received_bytes(*app.channel()) == 10'000; }));
  ASSERT_TRUE(wait([this] { return link(1).state != LinkState::up; }));
  ASSERT_TRUE(wait([this] { return link(0).state == LinkState::up; }));
  const auto drain = command(0, Drain{.group = "g", .timeout = seconds(5)});
  ASSERT_TRUE(wait([&] { return answered(*drain); }));
  EXPECT_TRUE(drain->back().ok) << drain->back().message;
}

// A connection that was there before the loss ends in order: what was lost is still lacking.
TEST_F(PairCommands, AnOlderConnectionThatEndsDoesNotMakeALossGood) {
  start();
  SourceApp& older = source({.bytes = 10'000, .ending = SourceEnding::hold});
  run(seconds(2));
  targets.front().options().reset_ratio = 1;
  source({.bytes = 4 * kMiB, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([this] { return sources.back().finished(); }));
  run(seconds(2));
  for (const int side : {0, 1}) EXPECT_EQ(group(side).consistent, Consistency::no) << side;
  older.finish_held(SourceEnding::half_close);
  ASSERT_TRUE(wait([this] { return status(0).routes.at("r0").channels.empty(); }));
  run(seconds(2));
  for (const int side : {0, 1}) EXPECT_EQ(group(side).consistent, Consistency::no) << side;
}

// Nothing makes the lost bytes good, since no newer connection comes. The administrator does.
TEST_F(PairCommands, AnAdministratorVouchesForACopy) {
  start();
  targets.front().options().reset_ratio = 1;
  (void)source({.bytes = 4 * kMiB, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([this] { return sources.back().finished(); }));
  run(seconds(2));
  for (const int side : {0, 1}) ASSERT_EQ(group(side).consistent, Consistency::no) << side;
  EXPECT_GT(group(0).lag.bytes, 0U);
  for (const int side : {0, 1}) {
    const Answer answer = command(side, AcceptConsistent{"g"})->back();
    EXPECT_TRUE(answer.ok) << answer.message;
    ASSERT_EQ(answer.details.size(), 1U) << answer.message;
    EXPECT_NE(answer.details.front().find("route r0: "), std::string::npos);
    EXPECT_EQ(group(side).consistent, Consistency::yes) << group(side).reason;
  }
  EXPECT_EQ(group(0).lag.bytes, 0U);
  EXPECT_TRUE(command(0, AcceptConsistent{"g"})->back().details.empty());
  EXPECT_FALSE(command(0, AcceptConsistent{"nowhere"})->back().ok);
  EXPECT_FALSE(command(0, Losses{.minor = true})->back().losses->losses.empty())
      << "the ledger keeps it";
}

TEST_F(PairCommands, ABandwidthOfTheWeekCountsAndWhatIsSetHoldsUntilItChanges) {
  start();
  Config config = cluster->config(0);
  const int minute = local_week_minute(cluster->loop(0)->wall_now()) % kDayMinutes;
  config.links.begin()->second.bandwidth_schedule = {{.days = 0b1111111,
                                                      .from_minute = (minute + 2) % kDayMinutes,
                                                      .to_minute = (minute + 4) % kDayMinutes,
                                                      .bytes_s = 64 * kKiB,
                                                      .text = "soon"}};
  ASSERT_TRUE(command(0, Reload{config})->back().ok);
  const auto link = [this] { return status(0).links.begin()->second; };
  EXPECT_EQ(link().bandwidth.window, "");
  EXPECT_TRUE(link().bandwidth.changes_at);
  ASSERT_TRUE(wait([&] { return link().bandwidth.window == "soon"; }, minutes(3)));
  run(seconds(5));
  EXPECT_EQ(link().bandwidth.bytes_s, 64 * kKiB);
  source({.bytes = kGiB, .compressible = false, .ending = SourceEnding::hold});
  run(seconds(5));
  const std::uint64_t before = targets.front().received_bytes();
  run(seconds(20));
  EXPECT_LT(targets.front().received_bytes() - before, 25 * 64 * kKiB);
  EXPECT_GT(targets.front().received_bytes() - before, 12 * 64 * kKiB);

  const std::string name = config.links.begin()->first;
  ASSERT_TRUE(command(0, SetBandwidth{name, 32 * kKiB})->back().ok);
  EXPECT_EQ(link().bandwidth.bytes_s, 32 * kKiB);
  EXPECT_EQ(link().differs_from_file, std::vector<std::string>{"bandwidth"});
  ASSERT_TRUE(wait([&] { return link().bandwidth.window.empty(); }, minutes(3)));
  EXPECT_EQ(link().bandwidth.bytes_s, 0U);
  EXPECT_TRUE(link().differs_from_file.empty());
}

}  // namespace
}  // namespace longthrow::sim
