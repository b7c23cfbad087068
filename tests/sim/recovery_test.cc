// SPDX-License-Identifier: Apache-2.0
// A pair of real nodes tries again: after pauses, busy ports, cuts and stops. One world each, no
// faults but those that the case brings.
#include <gtest/gtest.h>

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/uplink/dial.h"
#include "tests/sim/application.h"
#include "tests/sim/cluster.h"

namespace longthrow::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ClusterOptions one_route() {
  ClusterOptions options;
  options.compression = {.automatic = false, .fixed = {CodecId::none, 0}};
  options.dials[1] = false;  // alpha dials, beta listens
  options.routes = {{.name = "r0", .group = "r0"}};
  return options;
}

class Recovery : public ::testing::Test {
 protected:
  // A new world.
  void make(const ClusterOptions& options) {
    source_.reset();
    target_.reset();
    cluster_.reset();
    network_.reset();
    world_.emplace(1);
    network_.emplace(*world_, NetworkOptions{});
    ledger_.emplace();
    cluster_.emplace(*network_, options, plan_);
    target_.emplace(
        *network_, *ledger_,
        TargetOptions{.host = cluster_->inside(1), .port = target_port(0), .answer_ratio = 0});
  }
  void start_both() {
    cluster_->start(0);
    cluster_->start(1);
    EXPECT_TRUE(wait_open(seconds(5)));
  }
  // A stream that stays open until it is told to end.
  void write(std::uint64_t bytes) {
    source_.emplace(*network_, *ledger_,
                    SourceOptions{.host = cluster_->inside(0),
                                  .target = network_->endpoint(cluster_->host(0), inside_port(0)),
                                  .first_number = ++streams_,
                                  .bytes = bytes,
                                  .ending = SourceEnding::hold});
  }
  Answer run(int side, Command command) {
    Answer last;
    (void)cluster_->node(side)->execute(std::move(command), [&](const Answer& a) { last = a; });
    return last;
  }
  static void count_lines(int& lines) {
    set_log_hook([&lines](LogLevel level, const std::string&) {
      if (level >= LogLevel::info) ++lines;
    });
  }
  void run_for(Duration time) { world_->run_until(world_->now() + time); }
  bool wait(const std::function<bool()>& done, Duration limit) {
    return world_->run_until(done, world_->now() + limit);
  }
  bool wait_open(Duration limit, int side = 0) {
    return wait([&] { return status(side).routes["r0"].state == RouteState::open; }, limit);
  }
  Status status(int side) { return cluster_->node(side)->status(); }
  LinkState link_state(int side) { return status(side).links["wan"].state; }
  std::uint64_t delivered() { return ledger_->bytes_delivered(); }

  FaultPlan plan_;
  std::optional<SimWorld> world_;
  std::optional<SimNetwork> network_;
  std::optional<Ledger> ledger_;
  std::optional<Cluster> cluster_;
  std::optional<TargetApp> target_;
  std::optional<SourceApp> source_;
  std::uint32_t streams_ = 0;
};

TEST_F(Recovery, APauseLongerThanTheSessionTimeoutKeepsItsChannels) {
  for (const int pauser : {0, 1}) {
    ClusterOptions options = one_route();
    options.session_timeout = seconds(5);
    make(options);
    start_both();
    write(10'000);
    ASSERT_TRUE(wait([&] { return delivered() == 10'000; }, seconds(5)));
    run(pauser, Pause{.link = "wan"});
    run_for(seconds(20));
    EXPECT_EQ(link_state(0), LinkState::down);
    run(pauser, Resume{.name = "wan"});
    ASSERT_TRUE(wait_open(seconds(10)));
    source_->finish_held(SourceEnding::half_close);
    EXPECT_TRUE(wait([&] { return source_->finished(); }, seconds(10)));
    for (const int side : {0, 1}) EXPECT_EQ(status(side).links["wan"].sessions, 1U);
  }
}

TEST_F(Recovery, AfterAPauseSessionTimeoutCountsFromItsEnd) {
  ClusterOptions options = one_route();
  options.session_timeout = seconds(5);
  make(options);
  start_both();
  write(10'000);
  run_for(seconds(2));
  run(0, Pause{.link = "wan"});
  run_for(seconds(20));
  network_->cut(cluster_->host(0), cluster_->host(1), kNever);
  run(0, Resume{.name = "wan"});
  run_for(seconds(4));
  EXPECT_EQ(status(0).routes["r0"].channels.size(), 1U);
  EXPECT_TRUE(wait([&] { return status(0).routes["r0"].channels.empty(); }, seconds(40)));
}

TEST_F(Recovery, AListenerWhosePortIsBusyIsTriedUntilItOpens) {
  make(one_route());
  const Endpoint inside = network_->endpoint(cluster_->host(0), inside_port(0));
  const auto squatter = network_->listen(cluster_->host(0), inside, {.use = SocketUse::leg});
  ASSERT_TRUE(squatter.has_value());
  cluster_->start(0);
  cluster_->start(1);
  ASSERT_TRUE(wait([&] { return link_state(0) == LinkState::up; }, seconds(5)));
  run_for(seconds(5));
  EXPECT_EQ(status(0).routes["r0"].state, RouteState::closed);
  EXPECT_NE(status(0).routes["r0"].reason.find("cannot listen"), std::string::npos);
  network_->close(*squatter, CloseMode::reset);
  EXPECT_TRUE(wait_open(seconds(2)));
  EXPECT_EQ(status(0).routes["r0"].reason, "");
}

TEST_F(Recovery, TwoRoutesSwapTheirPortsInOneReload) {
  ClusterOptions options = one_route();
  options.routes.push_back({.name = "r1", .group = "r1"});
  make(options);
  start_both();
  Config config = cluster_->config(0);
  std::swap(config.routes["r0"].listen, config.routes["r1"].listen);
  EXPECT_TRUE(run(0, Reload{.config = config}).ok);
  EXPECT_TRUE(wait(
      [&] {
        const auto now = status(0).routes;
        return now.at("r0").state == RouteState::open && now.at("r1").state == RouteState::open;
      },
      seconds(2)));
}

// Whatever the length of the cut: a second in all where a round trip takes 50 ms. On longer ways
// the round trips of express lane, session and bulk lane count: some five.
TEST_F(Recovery, AfterACutTheFirstByteComesWithinASecondAndARoundTrip) {
  for (const Duration rtt : {milliseconds(2), milliseconds(50), milliseconds(200)}) {
    plan_.wan.latency_min = rtt / 2;
    plan_.wan.latency_mean = rtt / 2 + std::chrono::microseconds(10);
    make(one_route());
    // A frame needs no more than one window.
    network_->options().receive_buffer_bytes_min = kMiB;
    network_->options().send_buffer_bytes_min = kMiB;
    start_both();
    write(64 * kMiB);
    source_->options().rate_bytes_s = 20'000;
    run_for(seconds(2));
    const Duration limit = std::max(seconds(1) + rtt, Dial::kKnockEvery + 6 * rtt);
    for (const Duration cut :
         {milliseconds(12'000), milliseconds(13'130), milliseconds(14'270), milliseconds(47'390),
          milliseconds(600'510), milliseconds(1'800'640), milliseconds(3'000'770)}) {
      network_->cut(cluster_->host(0), cluster_->host(1), world_->now() + cut);
      run_for(cut - milliseconds(1));
      ASSERT_EQ(link_state(0), LinkState::down);
      const std::uint64_t before = delivered();
      EXPECT_TRUE(wait([&] { return delivered() > before; }, limit))
          << std::chrono::duration<double>(cut).count() << " s, round trip "
          << std::chrono::duration<double>(rtt).count();
      run_for(seconds(5));
    }
  }
}

// Also where the link was never up: behind a cut, or before the peer's node runs.
TEST_F(Recovery, APeerThatComesForTheFirstTimeIsFoundWithinASecond) {
  for (const bool cut : {false, true}) {
    for (const Duration away : {seconds(1), seconds(11), seconds(73), seconds(3600)}) {
      make(one_route());
      cluster_->start(0);
      if (cut) {
        cluster_->start(1);
        network_->cut(cluster_->host(0), cluster_->host(1), world_->now() + away);
      }
      run_for(away);
      if (!cut) cluster_->start(1);
      EXPECT_TRUE(wait_open(milliseconds(1050))) << cut << away.count();
    }
  }
}

// An outage costs few packets, however long it is.
TEST_F(Recovery, ADialKnocksAFewTimesASecond) {
  make(one_route());
  start_both();
  network_->cut(cluster_->host(0), cluster_->host(1), kNever);
  run_for(seconds(20));
  const std::uint64_t before = network_->counters().segments_dropped;
  run_for(seconds(100));
  EXPECT_LE(network_->counters().segments_dropped - before, 500U);
  EXPECT_GE(network_->counters().segments_dropped - before, 100U);
}

// --- two nodes of one name

class Twins : public Recovery {
 protected:
  // A third host runs a node of alpha's configuration.
  void start_clone() { cluster_->start_clone(); }
  std::uint64_t sessions(int side) { return status(side).links["wan"].sessions; }
};

TEST_F(Twins, TheSecondIsRefusedAndTheFirstIsLeftAlone) {
  make(one_route());
  start_both();
  write(10'000);
  run_for(seconds(2));
  int lines = 0;
  count_lines(lines);
  start_clone();
  run_for(seconds(60));
  EXPECT_EQ(link_state(0), LinkState::up);
  EXPECT_EQ(sessions(0), 1U);
  EXPECT_EQ(sessions(1), 1U);
  const LinkStatus clone = cluster_->clone()->status().links["wan"];
  EXPECT_NE(clone.reason.find("must not have one [node] name"), std::string::npos) << clone.reason;
  EXPECT_LT(lines, 25);
  run_for(std::chrono::hours(12));
  set_log_hook(nullptr);
  EXPECT_LT(lines, 50);
  EXPECT_EQ(sessions(1), 1U);
}

TEST_F(Twins, APeerThatDiedWithoutAWordIsLetInAgainWithinSeconds) {
  ClusterOptions options = one_route();
  options.dead_after = seconds(60);
  make(options);
  start_both();
  write(10'000);
  run_for(seconds(2));
  cluster_->die(0, Death::machine);
  run_for(milliseconds(100));
  cluster_->start(0);
  EXPECT_TRUE(wait_open(seconds(5)));
}

TEST_F(Recovery, HalfADayOfAFencedOrAbsentPeerIsAFewLines) {
  for (const bool fenced : {false, true}) {
    make(one_route());
    start_both();
    int lines = 0;
    count_lines(lines);
    if (fenced) {
      cluster_->node(1)->find_link("wan")->fence();
    } else {
      cluster_->die(1, Death::process);
    }
    run_for(std::chrono::hours(12));
    set_log_hook(nullptr);
    EXPECT_LT(lines, 50) << fenced;
  }
}

TEST_F(Recovery, AFlappingLinkIsAFewLinesAndOneWhenItCalms) {
  for (const RouteProtocol protocol : {RouteProtocol::tcp, RouteProtocol::drbd}) {
    ClusterOptions options = one_route();
    options.routes[0].protocol = protocol;
    make(options);
    start_both();
    std::vector<std::string> lines;
    set_log_hook([&lines](LogLevel level, const std::string& line) {
      if (level >= LogLevel::info) lines.push_back(line);
    });
    const auto all_lanes = [&] {
      return network_->connections_between(cluster_->host(0), cluster_->host(1));
    };
    for (int second = 0; second < 3600; ++second) {
      for (const ConnectionId lane : all_lanes()) network_->reset_connection(lane);
      run_for(seconds(1));
    }
    EXPECT_GT(status(0).links["wan"].reconnects, 1500U);
    EXPECT_LT(lines.size(), 100U) << "of two nodes";
    run_for(std::chrono::minutes(65));
    set_log_hook(nullptr);
    EXPECT_TRUE(std::ranges::any_of(lines, [](const std::string& line) {
      return line.find("it is calm again: up") != std::string::npos;
    }));
    EXPECT_LT(lines.size(), 110U);
  }
}

TEST_F(Recovery, APeerThatNamesEverNewRoutesDoesNotFillTheLog) {
  ClusterOptions options = one_route();
  options.memlimit = 64 * kMiB;
  make(options);
  start_both();
  std::vector<std::string> lines;
  set_log_hook([&](LogLevel, const std::string& line) { lines.push_back(line); });
  for (int i = 0; i < 1000; ++i) {
    Config config = cluster_->config(1);
    RouteConfig stranger = config.routes["r0"];
    stranger.group = config.routes["r0"].group;
    stranger.target = HostPort{.host = "127.0.0.1", .port = 1};
    config.routes["x" + std::to_string(i)] = stranger;
    ASSERT_TRUE(run(1, Reload{.config = config}).ok);
    run_for(seconds(1));
  }
  set_log_hook(nullptr);
  EXPECT_GT(lines.size(), 60U);
  EXPECT_LT(lines.size(), 110U) << "of two nodes";
  EXPECT_EQ(link_state(0), LinkState::up);
}

// --- stopping

class Stopping : public Recovery {
 protected:
  // A backlog of some 10 s in front of the WAN.
  void start_with_backlog(int stopper) {
    ClusterOptions options = one_route();
    options.memlimit = 64 * kMiB;
    options.routes[0].opens_on = stopper;
    make(options);
    target_.emplace(
        *network_, *ledger_,
        TargetOptions{
            .host = cluster_->inside(1 - stopper), .port = target_port(0), .answer_ratio = 0});
    stopper_ = stopper;
    cluster_->start(0);
    cluster_->start(1);
    ASSERT_TRUE(wait_open(seconds(5), stopper));
    source_.emplace(
        *network_, *ledger_,
        SourceOptions{.host = cluster_->inside(stopper),
                      .target = network_->endpoint(cluster_->host(stopper), inside_port(0)),
                      .first_number = ++streams_,
                      .bytes = kBacklog,
                      .ending = SourceEnding::hold});
    ASSERT_TRUE(wait([&] { return source_->acknowledged_bytes() == kBacklog; }, seconds(5)));
    run_for(milliseconds(200));
  }
  void stop() {
    began_ = world_->now();
    cluster_->node(stopper_)->stop([this] { ended_at_ = world_->now(); });
  }
  bool ended(Duration limit) {
    return wait([&] { return ended_at_.has_value(); }, limit);
  }
  void cut_for(Duration time) {
    network_->cut(cluster_->host(0), cluster_->host(1), world_->now() + time);
  }

  static constexpr std::uint64_t kBacklog = 24 * kMiB;
  int stopper_ = 0;
  TimePoint began_{};
  std::optional<TimePoint> ended_at_;
};

TEST_F(Stopping, ItDeliversOverACutWhicheverSideDials) {
  for (const int stopper : {0, 1}) {
    start_with_backlog(stopper);
    ASSERT_LT(delivered(), kBacklog / 2);
    ended_at_.reset();
    stop();
    run_for(seconds(1));
    cut_for(seconds(15));  // longer than dead_after: the lanes are lost
    EXPECT_TRUE(ended(seconds(58)));
    run_for(milliseconds(100));
    EXPECT_EQ(delivered(), kBacklog);
  }
}

TEST_F(Stopping, LanesThatAreResetComeAgain) {
  start_with_backlog(0);
  stop();
  run_for(seconds(1));
  for (const auto lane : network_->connections_between(cluster_->host(0), cluster_->host(1))) {
    network_->reset_connection(lane);
  }
  EXPECT_TRUE(ended(seconds(30)));
  run_for(milliseconds(100));
  EXPECT_EQ(delivered(), kBacklog);
}

TEST_F(Stopping, WithAllDeliveredItEndsAtOnce) {
  make(one_route());
  start_both();
  write(10'000);
  run_for(seconds(2));
  stop();
  EXPECT_TRUE(ended(seconds(1)));
}

// The peer's host is there and its node is not: with the node its session is gone.
TEST_F(Stopping, WhenThePeersNodeIsGoneItDoesNotWaitForStopTimeout) {
  start_with_backlog(0);
  cluster_->die(1, Death::process);
  run_for(seconds(1));
  stop();
  EXPECT_TRUE(ended(seconds(8)));
  EXPECT_GE(world_->now() - began_, seconds(4)) << "it might have been a lane that was reset";
}

TEST_F(Stopping, ATargetThatHangsHoldsItNoLongerThanTheTimeoutAndTheLinger) {
  start_with_backlog(0);
  target_->stall(kNever);
  run_for(seconds(1));
  cluster_->node(1)->stop([this] { ended_at_ = world_->now(); });  // has its target's bytes
  EXPECT_FALSE(ended(seconds(59)));
  EXPECT_TRUE(ended(seconds(33)));
}

TEST_F(Stopping, ASecondSignalEndsItWhateverItsTargetsDo) {
  start_with_backlog(0);
  target_->stall(kNever);
  run_for(seconds(1));
  cluster_->node(1)->stop([this] { ended_at_ = world_->now(); });
  run_for(seconds(1));
  cluster_->node(1)->stop([this] { ended_at_ = world_->now(); });
  EXPECT_TRUE(ended(seconds(3)));
}

TEST_F(Stopping, AHungTargetOfAnEndedSessionDoesNotCloseItsRouteForEver) {
  start_with_backlog(0);
  target_->stall(kNever);
  run_for(seconds(1));
  cluster_->die(0, Death::process);
  source_.reset();
  cluster_->start(0);
  EXPECT_FALSE(wait_open(seconds(20)));
  EXPECT_TRUE(wait_open(seconds(20)));
}

}  // namespace
}  // namespace longthrow::sim
