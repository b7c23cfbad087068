// SPDX-License-Identifier: Apache-2.0
// Connections that come while the link is down: they wait for it, or are refused.
#include "proxy/routes/waiting_legs.h"
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class WhenLinkIsDown : public PairFixture {
 protected:
  void start_and_cut(Duration time = std::chrono::hours(1)) {
    start({.answer_ratio = 0});
    cut(time);
    ASSERT_TRUE(wait([this] { return link(0).state == LinkState::down; }, seconds(20)));
  }
  // Programs that write some bytes and wait for what becomes of them.
  void sources_come(std::size_t number, std::size_t route = 0) {
    for (std::size_t i = 0; i < number; ++i)
      source({.bytes = 1000, .ending = SourceEnding::hold}, route);
  }
  std::uint64_t waiting(const std::string& route = "r0") { return status(0).routes[route].waiting; }
  std::size_t finished() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(sources, [](const SourceApp& app) { return app.finished(); }));
  }
  bool reload(WhenDown when_down) {
    Config config = cluster->config(0);
    config.routes["r0"].when_down = when_down;
    return command(0, Reload{.config = config})->back().ok;
  }
};

TEST_F(WhenLinkIsDown, AConnectionWaitsAndGoesOnWhenItIsUp) {
  start_and_cut();
  SourceApp& app = source({.bytes = 10'000, .ending = SourceEnding::hold});
  run(seconds(40));
  EXPECT_EQ(app.failed_connects(), 0U);
  EXPECT_EQ(waiting(), 1U);
  EXPECT_EQ(status(0).routes["r0"].state, RouteState::closed);
  EXPECT_GE(link(0).lag.bytes, 10'000U) << "our kernel has acknowledged them";
  EXPECT_GE(group(0).lag.seconds, 39.0);
  network->heal();
  EXPECT_TRUE(wait([&] { return ledger.bytes_delivered() == 10'000; }, seconds(3)));
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(WhenLinkIsDown, AConnectionWaitsAlsoForALinkThatWasNeverUp) {
  network.emplace(world, plan.network);
  cluster.emplace(*network, options, plan);
  cluster->start(0);
  run(seconds(1));
  source({.bytes = 0, .ending = SourceEnding::hold});  // the server speaks first
  run(seconds(20));
  EXPECT_EQ(waiting(), 1U);
  targets.emplace_back(*network, ledger,
                       TargetOptions{.host = cluster->inside(1), .port = target_port(0)});
  cluster->start(1);
  EXPECT_TRUE(wait([&] { return targets.back().connections() == 1; }, seconds(10)));
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(WhenLinkIsDown, NoneWaitsForEver) {
  start_and_cut();
  sources_come(1);
  run(WaitingLegs::kTimeMax - seconds(2));
  EXPECT_EQ(finished(), 0U);
  run(seconds(4));
  EXPECT_EQ(finished(), 1U);
  EXPECT_EQ(waiting(), 0U);
  EXPECT_NE(status(0).routes["r0"].reason.find("in 120 s the link has not come up"),
            std::string::npos);
  EXPECT_TRUE(std::ranges::any_of(log, [](const std::string& line) {
    return line.find("connections were reset: in 120 s") != std::string::npos &&
           line.find("they had sent 1000 bytes") != std::string::npos;
  })) << lines(log);
}

TEST_F(WhenLinkIsDown, SoManyWaitAndNoMore) {
  for (const char* name : {"r1", "r2", "r3", "r4"})
    options.routes.push_back({.name = name, .group = "g"});
  start_and_cut();
  sources_come(WaitingLegs::kOfRouteMax + 10);
  run(seconds(1));
  EXPECT_EQ(waiting(), WaitingLegs::kOfRouteMax);
  EXPECT_EQ(finished(), 10U);
  EXPECT_NE(status(0).routes["r0"].reason.find("wait for the link already"), std::string::npos);
  for (std::size_t route = 1; route < options.routes.size(); ++route)
    sources_come(WaitingLegs::kOfRouteMax, route);
  run(seconds(1));
  std::uint64_t all = 0;
  for (const auto& [name, route] : status(0).routes) all += route.waiting;
  EXPECT_EQ(all, WaitingLegs::kOfLinkMax);
  network->heal();
  EXPECT_TRUE(
      wait([&] { return ledger.bytes_delivered() == WaitingLegs::kOfLinkMax * 1000; }, seconds(5)));
}

TEST_F(WhenLinkIsDown, OneThatLeavesGivesItsPlaceBack) {
  start_and_cut();
  source({.bytes = 0, .ending = SourceEnding::close});
  source({.bytes = 0, .ending = SourceEnding::reset});
  source({.bytes = 1000, .ending = SourceEnding::reset});
  run(seconds(1));
  EXPECT_EQ(waiting(), 0U);
  network->heal();
  run(seconds(5));
  EXPECT_EQ(targets.front().connections(), 0U);
}

// Its bytes were acknowledged: they are delivered, though their program has left.
TEST_F(WhenLinkIsDown, WhatAProgramWroteBeforeItsEndIsDelivered) {
  start_and_cut();
  source({.bytes = 1000, .ending = SourceEnding::half_close});
  run(seconds(30));
  EXPECT_EQ(waiting(), 1U);
  network->heal();
  EXPECT_TRUE(
      wait([&] { return finished() == 1 && ledger.bytes_delivered() == 1000; }, seconds(9)));
}

TEST_F(WhenLinkIsDown, AReloadChangesIt) {
  start_and_cut();
  sources_come(2);
  run(seconds(1));
  ASSERT_EQ(waiting(), 2U);
  ASSERT_TRUE(reload(WhenDown::refuse));
  EXPECT_EQ(waiting(), 0U);
  SourceApp& refused = source({.bytes = 1000, .ending = SourceEnding::hold});
  run(seconds(2));
  EXPECT_EQ(finished(), 2U);
  EXPECT_GT(refused.failed_connects(), 1U);
  ASSERT_TRUE(reload(WhenDown::wait));
  run(seconds(2));
  EXPECT_EQ(waiting(), 1U);
}

TEST_F(WhenLinkIsDown, DrbdIsRefused) {
  options.routes[0].protocol = RouteProtocol::drbd;
  start_and_cut();
  const SourceApp& app = source({.bytes = 1000, .ending = SourceEnding::hold});
  run(seconds(5));
  EXPECT_GT(app.failed_connects(), 2U);
}

// What an administrator has stopped does not come back by itself.
TEST_F(WhenLinkIsDown, APauseAtEitherSideRefuses) {
  for (const int pauser : {0, 1}) {
    SCOPED_TRACE(pauser);
    targets.clear();
    sources.clear();
    start();
    ASSERT_TRUE(command(pauser, Pause{.link = "wan"})->back().ok);
    run(seconds(5));
    const SourceApp& app = source({.bytes = 1000, .ending = SourceEnding::hold});
    run(seconds(5));
    EXPECT_GT(app.failed_connects(), 2U);
    EXPECT_EQ(waiting(), 0U);
  }
}

TEST_F(WhenLinkIsDown, APauseResetsThoseThatWait) {
  start_and_cut();
  sources_come(2);
  run(seconds(1));
  ASSERT_EQ(waiting(), 2U);
  ASSERT_TRUE(command(0, Pause{.link = "wan"})->back().ok);
  run(milliseconds(100));
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(finished(), 2U);
}

enum class WaitEnd : std::uint8_t {
  time,
  program,
  pause,
  hold,
  takeover,
  removal_of_route,
  removal_of_link,
  stop
};

class EndOfWait : public WhenLinkIsDown, public ::testing::WithParamInterface<WaitEnd> {
 protected:
  // What the ledger is to say of it.
  LossReason end_the_wait() {
    Config config = cluster->config(0);
    switch (GetParam()) {
      case WaitEnd::time:
        run(WaitingLegs::kTimeMax);
        return LossReason::refused;
      case WaitEnd::program:
        for (SourceApp& app : sources) app.finish_held(SourceEnding::reset);
        return LossReason::program_closed;
      case WaitEnd::pause:
        (void)command(0, Pause{.link = "wan"});
        return LossReason::refused;
      case WaitEnd::hold:
        (void)command(0, Drain{.group = "g", .hold = true});
        return LossReason::refused;
      case WaitEnd::takeover:
        (void)command(0, Takeover{.name = "g", .force = true});
        return LossReason::takeover;
      case WaitEnd::removal_of_link:
        config.links.clear();
        [[fallthrough]];
      case WaitEnd::removal_of_route:
        config.routes.erase("r0");
        (void)command(0, Reload{.config = config});
        return LossReason::route_removed;
      case WaitEnd::stop:
        cluster->node(0)->stop([] {});
        return LossReason::node_stopped;
    }
    return LossReason::unconfirmed;
  }
};

// What had been given is in the ledger, is lag until newer data is there, and fails a drain.
TEST_P(EndOfWait, IsALossOfWhatHadBeenGiven) {
  start_and_cut();
  source({.bytes = 5000, .ending = SourceEnding::hold});
  source({.bytes = 0, .ending = SourceEnding::hold});
  run(seconds(1));
  ASSERT_EQ(waiting(), 2U);
  const auto drain = command(0, Drain{.group = "g"});
  const LossReason reason = end_the_wait();
  run(seconds(3));
  EXPECT_EQ(finished(), 2U);
  EXPECT_TRUE(answered(*drain) && !drain->back().ok);
  const auto losses = command(0, Losses{})->back().losses.value_or(LossReport{}).losses;
  ASSERT_EQ(losses.size(), 1U) << lines(log);
  EXPECT_EQ(to_string(losses[0].reason), to_string(reason));
  EXPECT_EQ(losses[0].bytes, 5000U);
  EXPECT_EQ(losses[0].route, "r0");
  EXPECT_EQ(losses[0].place, LossPlace::to_peer);
  const auto late = command(0, Drain{.group = "g", .timeout = seconds(1)});
  EXPECT_TRUE(wait([&] { return answered(*late); }, seconds(3)));
  EXPECT_FALSE(late->back().ok) << late->back().message;
  if (GetParam() == WaitEnd::removal_of_link) return;
  EXPECT_EQ(link(0).lag.bytes, GetParam() == WaitEnd::removal_of_route ? 0U : 5000U);
}
INSTANTIATE_TEST_SUITE_P(Each, EndOfWait,
                         ::testing::Values(WaitEnd::time, WaitEnd::program, WaitEnd::pause,
                                           WaitEnd::hold, WaitEnd::takeover,
                                           WaitEnd::removal_of_route, WaitEnd::removal_of_link,
                                           WaitEnd::stop));

}  // namespace
}  // namespace longthrow::sim
