// SPDX-License-Identifier: Apache-2.0
// Groups of several streams: what the targets have is always of one moment.
#include "tests/sim/group_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

class PairEpochs : public GroupFixture {
 protected:
  // The primary site is lost; what is left is taken over.
  Answer lose_the_primary() {
    kill(0);
    const auto taken = command(1, Takeover{.name = "g", .force = true});
    EXPECT_TRUE(wait([&] { return answered(*taken); }));
    return taken->back();
  }
};

TEST_F(PairEpochs, ALostSiteLeavesACopyOfOneMoment) {
  start();
  write_both();
  run(seconds(3));
  for (int i = 0; i < 20; ++i) {
    run(milliseconds(137));
    ASSERT_GT(group(0).cuts.source, 0U) << group(0).cuts.obstacle;
  }
  const Answer taken = lose_the_primary();
  EXPECT_EQ(no_moment(), "");
  EXPECT_NE(taken.details.front().find("proven at the source"), std::string::npos)
      << taken.details.front();
  EXPECT_TRUE(taken.consistent.value_or(false)) << taken.message << taken.details.front();
}

TEST_F(PairEpochs, EverythingArrivesWhenTheSourcesRest) {
  start();
  for (const std::size_t route : {0, 1})
    write(route, {.bytes = 300'000 + route, .rate_bytes_s = 1 * kMiB, .write_bytes_max = 5000});
  ASSERT_TRUE(wait(
      [&] {
        return sources.back().latest_channel() != nullptr &&
               targets.back().received_bytes() == 300'001 &&
               targets.front().received_bytes() == 300'000;
      },
      seconds(30)));
  run(seconds(1));
  EXPECT_EQ(group(1).inbound.proof, Proof::source);
  EXPECT_EQ(group(0).lag.bytes, 0U);
}

TEST_F(PairEpochs, WhatIsNotWholeAtThePeerIsInTheLag) {
  start();
  write_both();
  run(seconds(2));
  targets.front().stall(world.now() + seconds(5));
  for (int i = 0; i < 50; ++i) {
    run(milliseconds(31));
    const Status here = status(0);
    std::uint64_t given = 0;
    for (const SourceApp& app : sources) given += app.acknowledged_bytes();
    std::uint64_t there = status(1).groups.at("g").undelivered_bytes;
    for (const TargetApp& target : targets) there += target.received_bytes();
    EXPECT_GE(here.groups.at("g").lag.bytes + there, given);
  }
}

// An epoch is never larger than what the peer can hold, however much the sources write at once.
TEST_F(PairEpochs, AnEpochThatIsTooLargeIsClosedWithoutAProof) {
  plan.wan.bandwidth_bytes_s = 64 * kMiB;
  start();
  for (const std::size_t route : {0, 1})
    write(route, {.bytes = 24 * kMiB, .write_bytes_max = 64 * kKiB});
  ASSERT_TRUE(wait(
      [&] {
        return targets.front().received_bytes() == 24 * kMiB &&
               targets.back().received_bytes() == 24 * kMiB;
      },
      seconds(60)));
  EXPECT_GT(group(0).cuts.unproven, 0U);
}

// Programs on another host: nothing proves a cut, and nobody says that something does.
TEST_F(PairEpochs, OfSourcesElsewhereCutsAreOnlyObserved) {
  options.sources = SimSources::Reach::elsewhere;
  start();
  write_both();
  run(seconds(5));
  EXPECT_EQ(group(0).cuts.source, 0U);
  EXPECT_GT(group(0).cuts.observed, 0U);
  EXPECT_NE(group(0).cuts.obstacle, "");
  const Answer taken = lose_the_primary();
  EXPECT_EQ(taken.details.front().find("proven at the source"), std::string::npos)
      << taken.details.front();
}

TEST_F(PairEpochs, ACutOfTheLinkLosesNoEpoch) {
  start();
  write_both();
  run(seconds(2));
  for (int i = 0; i < 5; ++i) {
    cut(seconds(7));
    run(seconds(20));
  }
  const std::uint64_t epoch = group(1).inbound.epoch;
  EXPECT_GT(epoch, 50U);
  (void)lose_the_primary();
  EXPECT_EQ(no_moment(), "");
}

// A lane that has died silently keeps frames of an epoch, while its cut arrives by another lane.
TEST_F(PairEpochs, AnEpochThatIsNotAllHereIsNotHandedOver) {
  options.lanes = 3;
  start();
  write_both();
  run(seconds(2));
  const auto lanes = network->connections_between(cluster->host(0), cluster->host(1));
  ASSERT_EQ(lanes.size(), 4U);  // the first is the express lane
  network->blackhole(lanes[2], world.now() + seconds(60));
  run(milliseconds(700));
  const Answer taken = lose_the_primary();
  EXPECT_EQ(no_moment(), "") << taken.details.front();
}

// While no cut comes, bytes that are here are of no use: they are in the lag, and the copy grows
// old.
TEST_F(PairEpochs, BytesThatWaitForACutAreLag) {
  options.sources = SimSources::Reach::elsewhere;
  start();
  write_both();
  run(seconds(3));
  std::uint64_t lag_max_bytes = 0;
  for (int i = 0; i < 100; ++i) {
    run(milliseconds(31));
    lag_max_bytes = std::max(lag_max_bytes, group(0).lag.bytes);
    TimePoint lacking_since = world.now();
    auto target = targets.begin();
    for (const SourceApp& app : sources) {
      const auto& writes = app.latest_channel()->writes;
      const auto lacking =
          std::ranges::upper_bound(writes, (target++)->received_bytes(*app.latest_channel()), {},
                                   &ChannelRecord::Write::total_bytes);
      if (lacking != writes.end()) lacking_since = std::min(lacking_since, lacking->at);
    }
    const double lacks_s = std::chrono::duration<double>(world.now() - lacking_since).count();
    EXPECT_GT(group(1).inbound.age_s.value_or(0) + 0.4, lacks_s);
  }
  EXPECT_GT(lag_max_bytes, 300 * kKiB) << "epochs of sources that never rest last for seconds";
}

// When one of two streams has ended, the other one's bytes wait for nothing.
TEST_F(PairEpochs, TheLastStreamIsNotHeldBack) {
  start();
  write_both();
  run(seconds(2));
  sources.front().finish_held(SourceEnding::half_close);
  ASSERT_TRUE(wait([&] { return sources.front().channel() == nullptr; }, seconds(60)));
  run(seconds(5));
  const std::uint64_t epochs = group(0).epoch;
  run(seconds(5));
  EXPECT_EQ(group(0).epoch, epochs);
  EXPECT_EQ(group(1).inbound.proof, Proof::source);
}

// What came of an epoch that is not whole is left out, and is told as that; it is no loss that
// makes the copy inconsistent.
TEST_F(PairEpochs, ATakeoverTellsWhatItLeavesOut) {
  plan.wan.bandwidth_bytes_s = 512 * kKiB;
  start();
  write_both();
  run(seconds(20));
  bool told = false;
  for (int i = 0; i < 100 && !told; ++i) {
    run(milliseconds(50));
    told = group(1).undelivered_bytes > 0;
  }
  const Answer taken = lose_the_primary();
  EXPECT_EQ(no_moment(), "");
  EXPECT_NE(taken.details.front().find("behind that are left out"), std::string::npos)
      << taken.details.front();
  EXPECT_TRUE(taken.consistent.value_or(false)) << taken.message << taken.details.front();
}

// A group of one stream has no epochs: what comes after a takeover is left out, and belongs to no
// epoch.
TEST_F(PairEpochs, OneStreamHasNone) {
  options.routes = {{.name = "r0", .group = "g"}};
  start();
  write(0, {.bytes = kGiB, .rate_bytes_s = 700 * kKiB, .write_bytes_max = 3000});
  run(seconds(3));
  const auto taken = command(1, Takeover{.name = "g", .force = true});
  ASSERT_TRUE(wait([&] { return answered(*taken); }));
  EXPECT_EQ(taken->back().details.front().find("epoch"), std::string::npos)
      << taken->back().details.front();
  const LossReport report = *command(1, Losses{.minor = true})->back().losses;
  for (const Loss& loss : report.losses) EXPECT_NE(loss.reason, LossReason::partial_epoch);
}

}  // namespace
}  // namespace longthrow::sim
