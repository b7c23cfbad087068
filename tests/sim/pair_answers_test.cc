// SPDX-License-Identifier: Apache-2.0
// What two nodes answer, beside the truth.
#include <filesystem>
#include <fstream>

#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

class PairAnswers : public PairFixture {
 protected:
  // The primary is lost and taken over, and comes back.
  void expect_fence_holds() {
    start();
    kill(0);
    run(seconds(20));
    ASSERT_NE(link(1).state, LinkState::up);
    const auto taken = command(1, Takeover{.name = "wan"});
    ASSERT_TRUE(wait([&] { return answered(*taken); }));
    ASSERT_TRUE(taken->back().ok) << taken->back().message;
    cluster->start(0);
    for (int i = 0; i < 60; ++i) {
      run(seconds(1));
      for (const int side : {0, 1}) ASSERT_NE(link(side).state, LinkState::up) << i;
    }
    EXPECT_TRUE(link(1).fenced);
    ASSERT_TRUE(command(1, Release{"wan"})->back().ok);
    EXPECT_TRUE(
        wait([&] { return link(0).state == LinkState::up && link(1).state == LinkState::up; }));
  }
};

TEST_F(PairAnswers, ADrainEndsWhenTheTargetsKernelHasEverything) {
  start({.rate_bytes_s = 64 * kKiB});
  SourceApp& app = source({.bytes = 1 * kMiB, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([&] { return app.acknowledged_bytes() == 1 * kMiB; }));
  const auto answers = command(0, Drain{.group = "g"});
  EXPECT_FALSE(answered(*answers));
  ASSERT_TRUE(wait([&] { return answered(*answers); }));
  EXPECT_TRUE(answers->back().ok) << answers->back().message;
  EXPECT_EQ(targets.front().received_bytes(*app.channel()), 1 * kMiB);
}

// A process that stands still leaves connections and their bytes to its kernel: they were accepted
// before the drain all the same.
TEST_F(PairAnswers, ADrainKnowsOfConnectionsThatOnlyTheKernelHasAccepted) {
  start();
  for (const bool hold : {false, true}) {
    cluster->loop(0)->stall(world.now() + seconds(1));
    const SourceApp& app = source({.bytes = 50'000, .ending = SourceEnding::hold});
    run(milliseconds(900));
    const std::uint64_t given = app.acknowledged_bytes();
    ASSERT_GT(given, 10'000U);
    const ChannelRecord* stream = app.channel();
    const auto answers = command(0, Drain{.group = "g", .hold = hold});
    ASSERT_TRUE(wait([&] { return answered(*answers); }));
    EXPECT_TRUE(answers->back().ok) << answers->back().message;
    EXPECT_GE(targets.front().received_bytes(*stream), given) << answers->back().message;
  }
}

// What the takeover itself ends is no loss: an administrator who looks again reads the same.
TEST_F(PairAnswers, StatusSaysOfATakenCopyWhatTheTakeoverSaid) {
  start();
  SourceApp& app = source({.bytes = kMiB, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait(
      [&] { return app.channel() && targets.front().received_bytes(*app.channel()) == kMiB; }));
  run(seconds(5));
  cut(std::chrono::hours(1));
  ASSERT_TRUE(wait([&] { return link(1).state != LinkState::up; }));
  const auto taken = command(1, Takeover{.name = "wan"});
  ASSERT_TRUE(wait([&] { return answered(*taken); }));
  EXPECT_TRUE(taken->back().consistent.value_or(false)) << lines(taken->back().details);
  run(seconds(60));
  EXPECT_EQ(group(1).consistent, Consistency::yes) << group(1).reason;
}

// Nobody knows any more what was taken over: no old primary may come in before an administrator
// has said so.
TEST_F(PairAnswers, ANodeWhoseRecordOfTakeoversIsDamagedStartsFenced) {
  start();
  kill(1);
  const std::filesystem::path record = options.state_dir + "/beta/fences";
  std::filesystem::create_directories(record.parent_path());
  std::ofstream(record) << "link wa";
  for (int restart = 0; restart < 2; ++restart) {
    cluster->start(1);
    for (int i = 0; i < 30; ++i) {
      run(seconds(1));
      for (const int side : {0, 1}) ASSERT_NE(link(side).state, LinkState::up) << i;
    }
    EXPECT_TRUE(link(1).fenced);
    EXPECT_NE(link(1).reason.find("record of takeovers was damaged"), std::string::npos)
        << link(1).reason;
    EXPECT_TRUE(std::filesystem::exists(record.string() + ".damaged"));
    if (restart == 0) kill(1);
  }
  ASSERT_TRUE(command(1, Release{"wan"})->back().ok);
  EXPECT_TRUE(
      wait([&] { return link(0).state == LinkState::up && link(1).state == LinkState::up; }));
}

// Bytes that a leg's kernel has acknowledged are lag, wherever they wait.
TEST_F(PairAnswers, LagCountsWhatWaitsUnread) {
  options.memlimit = 4 * kMiB;
  plan.network.receive_buffer_bytes_min = plan.network.receive_buffer_bytes_max = 2 * kMiB;
  start();
  SourceApp& app =
      source({.bytes = 16 * kMiB, .compressible = false, .ending = SourceEnding::hold});
  run(seconds(1));
  cut(seconds(8));
  for (int i = 0; i < 70; ++i) {
    run(milliseconds(100));
    ASSERT_GE(link(0).lag.bytes + received_by_peer(), app.acknowledged_bytes()) << i;
    ASSERT_GE(group(0).lag.bytes + received_by_peer(), app.acknowledged_bytes()) << i;
  }
  EXPECT_GT(app.acknowledged_bytes() - received_by_peer(), 3 * kMiB);
}

TEST_F(PairAnswers, AStreamThatWasCutOffMakesItsGroupInconsistentThoughAnOlderOneGoesOn) {
  options.routes.push_back({.name = "r1", .group = "g"});
  start({.rate_bytes_s = 64 * kKiB});
  source({.bytes = 64 * kMiB, .rate_bytes_s = 32 * kKiB, .ending = SourceEnding::hold});
  run(seconds(5));
  source({.bytes = 4 * kMiB, .ending = SourceEnding::hold}, 1);
  run(seconds(5));
  for (const int side : {0, 1})
    ASSERT_EQ(group(side).consistent, Consistency::yes) << group(side).reason;
  targets.back().reset_all();
  run(seconds(5));
  for (const int side : {0, 1}) {
    EXPECT_EQ(group(side).consistent, Consistency::no) << side;
    EXPECT_NE(group(side).reason, "") << side;
  }
}

TEST_F(PairAnswers, AFencedSideLetsThePrimaryInOnlyWhenItIsReleased) {
  options.dials[1] = false;
  expect_fence_holds();
}
TEST_F(PairAnswers, AFencedSideDialsThePrimaryOnlyWhenItIsReleased) {
  options.dials[0] = false;
  expect_fence_holds();
}

// Heartbeats come on a lane of their own, ahead of the bytes.
TEST_F(PairAnswers, AsOfIsNeverNewerThanTheFirstByteThatIsMissing) {
  plan.wan.bandwidth_bytes_s = 64 * kKiB;
  options.heartbeat = milliseconds(500);
  start();
  SourceApp& app = source({.bytes = 64 * kMiB, .rate_bytes_s = 256 * kKiB, .compressible = false});
  std::vector<std::pair<std::uint64_t, WallTime>> acknowledged;  // by side 0's civil clock
  for (int i = 0; i < 300; ++i) {
    run(milliseconds(100));
    acknowledged.emplace_back(app.acknowledged_bytes(), cluster->loop(0)->wall_now());
    const auto as_of = group(1).inbound.as_of;
    const std::uint64_t held = received_by_peer();
    const auto missing =
        std::ranges::find_if(acknowledged, [&](const auto& entry) { return entry.first > held; });
    if (!as_of || missing == acknowledged.end()) continue;
    // The kernel had it at that time; the node read it soon after.
    ASSERT_LE(*as_of, missing->second + milliseconds(300)) << i;
  }
  ASSERT_TRUE(group(1).inbound.as_of.has_value());
  EXPECT_LT(*group(1).inbound.as_of, cluster->loop(0)->wall_now() - seconds(10));
}

// What a command did to a group is undone, or ends, though the group has left the configuration.
TEST_F(PairAnswers, FencesAndHoldsOfAGroupThatWasRemovedDoNotComeBackWithIt) {
  options.routes.push_back({.name = "r1", .group = "h"});
  start();
  const auto reload = [this](int side, std::set<std::size_t> left_out) {
    cluster->leave_out(side, std::move(left_out));
    const auto answers = command(side, Reload{.config = cluster->config(side)});
    ASSERT_TRUE(answers->back().ok) << answers->back().message;
  };
  const auto taken = command(1, Takeover{.name = "g", .force = true});
  ASSERT_TRUE(wait([&] { return answered(*taken); }));
  const auto held = command(0, Drain{.group = "h", .hold = true});
  ASSERT_TRUE(wait([&] { return answered(*held); }));
  ASSERT_TRUE(
      wait([this] { return status(0).routes.at("r0").state != RouteState::open; }, seconds(5)));
  reload(1, {0});
  reload(0, {1});
  run(seconds(1));
  EXPECT_TRUE(command(1, Release{"g"})->back().ok);
  reload(1, {});
  reload(0, {});
  EXPECT_TRUE(wait(
      [&] {
        return status(0).routes.at("r0").state == RouteState::open &&
               status(0).routes.at("r1").state == RouteState::open;
      },
      seconds(10)));
  for (const int side : {0, 1}) {
    for (const char* name : {"g", "h"})
      EXPECT_TRUE(status(side).groups.at(name).notices.empty()) << side << name;
  }
}

// A heartbeat that a cut has held up does not make the copy younger.
TEST_F(PairAnswers, AgeCountsFromHeartbeatsThatCameQuickly) {
  options.dead_after = seconds(30);
  start();
  source({.bytes = 64 * kMiB, .rate_bytes_s = 64 * kKiB, .ending = SourceEnding::hold});
  run(seconds(10));
  for (int i = 0; i < 5; ++i) {
    // The express lane stands still, and the bytes with it; then all that waited comes at once.
    network->cut_one_way(cluster->host(0), cluster->host(1), world.now() + seconds(12));
    for (int tenth = 0; tenth < 200; ++tenth) {
      run(milliseconds(100));
      const auto& inbound = group(1).inbound;
      const auto truth = cluster->loop(0)->wall_now() - inbound.as_of.value();
      ASSERT_GE(*inbound.age_s + 0.3, std::chrono::duration<double>(truth).count()) << i << tenth;
    }
  }
}

// A second takeover after the release begins anew; it is not the first one going on.
TEST_F(PairAnswers, AReleaseEndsATakeoverThatStillHandsOver) {
  plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 64 * kKiB;
  start({.rate_bytes_s = 64 * kKiB});
  source({.bytes = 16 * kMiB, .compressible = false, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([this] { return link(1).undelivered_bytes > 1 * kMiB; }));
  const auto first = command(1, Takeover{.name = "wan", .force = true});
  run(seconds(1));
  ASSERT_FALSE(answered(*first));
  ASSERT_TRUE(command(1, Release{"wan"})->back().ok);
  ASSERT_TRUE(answered(*first));
  EXPECT_FALSE(first->back().ok);
  const auto second = command(1, Takeover{.name = "wan", .force = true});
  ASSERT_TRUE(wait([&] { return answered(*second); }));
  EXPECT_TRUE(link(1).fenced);
  EXPECT_EQ(link(1).undelivered_bytes, 0U);
}

// A route that leaves the configuration takes its bytes along: they are still on their way.
TEST_F(PairAnswers, PauseWithDrainAnswersForRoutesThatWereRemoved) {
  options.routes = {{.name = "r0", .group = "g"}, {.name = "r1", .group = "h"}};
  start();
  source({.bytes = 512 * kKiB, .ending = SourceEnding::hold}, 1);
  run(milliseconds(50));
  cut(seconds(30));
  run(seconds(1));
  ASSERT_GT(link(0).lag.bytes, 0U);
  Config config = cluster->config(0);
  config.routes.erase("r1");
  config.groups.erase("h");
  ASSERT_TRUE(command(0, Reload{.config = config})->back().ok);
  const auto answers = command(0, Pause{.link = "wan", .drain = true});
  run(seconds(10));
  EXPECT_FALSE(answered(*answers)) << answers->back().message;
  ASSERT_TRUE(wait([&] { return answered(*answers); }));
}

// No route judges it any more, so nobody may take its copy for a good one.
TEST_F(PairAnswers, AGroupThatWasRemovedIsNotCalledConsistentWhileItsLastConnectionsEnd) {
  options.routes = {{.name = "r0", .group = "g"}, {.name = "r1", .group = "h"}};
  start();
  source({.bytes = 512 * kKiB, .ending = SourceEnding::hold}, 1);
  run(milliseconds(50));
  cut(seconds(30));
  run(seconds(1));
  Config config = cluster->config(0);
  config.routes.erase("r1");
  config.groups.erase("h");
  ASSERT_TRUE(command(0, Reload{.config = config})->back().ok);
  ASSERT_TRUE(status(0).groups.contains("h"));
  EXPECT_EQ(status(0).groups.at("h").consistent, Consistency::unknown);
  EXPECT_NE(status(0).groups.at("h").reason.find("left the configuration"), std::string::npos);
  EXPECT_TRUE(wait([this] { return !status(0).groups.contains("h"); }));
}

TEST_F(PairAnswers, ATakeoverOfTheLinkSpeaksOnlyOfCopiesThatAreConfigured) {
  options.routes = {{.name = "r0", .group = "g"}, {.name = "r1", .group = "h"}};
  start({.rate_bytes_s = 16 * kKiB});
  for (const std::size_t route : {0U, 1U})
    source({.bytes = 512 * kKiB, .ending = SourceEnding::hold}, route);
  run(seconds(2));
  kill(0);
  Config config = cluster->config(1);
  config.routes.erase("r1");
  config.groups.erase("h");
  ASSERT_TRUE(command(1, Reload{.config = config})->back().ok);
  const auto answers = command(1, Takeover{.name = "wan", .force = true});
  ASSERT_TRUE(wait([&] { return answered(*answers); }));
  ASSERT_EQ(answers->back().details.size(), 1U) << lines(answers->back().details);
  EXPECT_TRUE(answers->back().details[0].starts_with("group g: the copy is as of"));
}

}  // namespace
}  // namespace longthrow::sim
