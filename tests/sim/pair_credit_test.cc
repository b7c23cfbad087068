// SPDX-License-Identifier: Apache-2.0
// The receive share of a pair whose groups come, go and are stuck while bytes flow.
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PairCredit : public PairFixture {
 protected:
  PairCredit() {
    plan.wan.bandwidth_bytes_s = 16 * kMiB;
    options.compression = {.automatic = false, .fixed = {CodecId::none, 0}};
    options.routes = {{.name = "r0", .group = "g"}, {.name = "r1", .group = "h"}};
  }
  // Both nodes apply the configuration as `edit` leaves it, one after the other.
  void reload(const std::function<void(Config&)>& edit) {
    for (const int side : {0, 1}) {
      Config& config = configs_[side];
      edit(config);
      const auto answers = command(side, Reload{.config = config});
      ASSERT_TRUE(wait([&] { return answered(*answers); }));
      ASSERT_TRUE(answers->back().ok) << answers->back().message;
      watch(seconds(1));
    }
  }
  // Only the routes named are there.
  void keep_routes(std::set<std::string> names) {
    reload([&](Config& config) {
      const Config all = cluster->config(config.node.name == "alpha" ? 0 : 1);
      config.routes.clear();
      config.groups.clear();
      for (const auto& [name, route] : all.routes) {
        if (!names.contains(name)) continue;
        config.routes.emplace(name, route);
        config.groups[route.group];
      }
    });
  }
  void begin(std::set<std::string> names, TargetOptions target) {
    start(target);
    for (const int side : {0, 1}) configs_[side] = cluster->config(side);
    keep_routes(std::move(names));
  }
  // Time passes, and at no moment may more come than there is memory for.
  void watch(Duration time) {
    for (const TimePoint end = world.now() + time; world.now() < end; run(milliseconds(100))) {
      for (const int side : {0, 1}) {
        const LinkStatus now = link(side);
        ASSERT_LE(now.buffer.receive_granted_bytes, now.buffer.receive_limit_bytes) << side;
        ASSERT_LE(now.buffer.receive_used_bytes, now.buffer.receive_limit_bytes) << side;
      }
    }
  }
  // Of the newest stream of `app`, at its target.
  std::uint64_t arrived(std::size_t route, SourceApp& app) {
    return app.channel() ? std::next(targets.begin(), static_cast<std::ptrdiff_t>(route))
                               ->received_bytes(*app.channel())
                         : 0;
  }
  void expect_arrives(std::size_t route, SourceApp& app) {
    const std::uint64_t before = arrived(route, app);
    watch(seconds(5));
    EXPECT_GT(arrived(route, app), before + 256 * kKiB) << "route " << route;
  }
  void expect_no_lane_lost() {
    for (const int side : {0, 1}) EXPECT_EQ(link(side).reconnects, 0U) << lines(log);
  }

 private:
  Config configs_[2];
};

// Its target reads nothing, and the first group has all that it may have.
TEST_F(PairCredit, AGroupThatBeginsBesideALoneStuckOneIsCarriedAtOnce) {
  begin({"r0"}, {});
  targets.front().stall(kNever);
  // Small frames, so that not even a part of one is left of the credit.
  source({.bytes = 64 * kMiB,
          .rate_bytes_s = kMiB,
          .burst_bytes = 16 * kKiB,
          .write_bytes_max = 16 * kKiB});
  watch(seconds(20));
  EXPECT_EQ(link(0).limited_by, Limit::peer_disk);
  EXPECT_GT(link(1).buffer.receive_used_bytes, options.memlimit / 4 * 3 / 4);
  keep_routes({"r0", "r1"});
  ASSERT_TRUE(
      wait([&] { return status(0).routes.at("r1").state == RouteState::open; }, seconds(5)));
  SourceApp& late = source({.bytes = 4 * kMiB, .ending = SourceEnding::hold}, 1);
  ASSERT_TRUE(wait([&] { return arrived(1, late) > 0; }, seconds(1)));
  ASSERT_TRUE(wait([&] { return arrived(1, late) == 4 * kMiB; }, seconds(10)));
  expect_no_lane_lost();
}

// Each side is reloaded a second after the other, and the streams go on all the while.
TEST_F(PairCredit, ReloadsUnderLoadNeverPromiseMoreThanTheShareAndCarryOn) {
  options.memlimit = 512 * kMiB;
  options.routes.push_back({.name = "r2", .group = "k"});
  begin({"r0"}, {.rate_bytes_s = 2 * kMiB});
  SourceApp& first = source({.bytes = kGiB});
  watch(seconds(10));
  keep_routes({"r0", "r1"});
  ASSERT_TRUE(
      wait([&] { return status(0).routes.at("r1").state == RouteState::open; }, seconds(5)));
  SourceApp& second = source({.bytes = kGiB}, 1);
  watch(seconds(5));
  expect_arrives(1, second);
  reload([](Config& config) { config.links.at("wan").memlimit = 16 * kMiB; });
  watch(seconds(30));
  expect_arrives(0, first);
  expect_arrives(1, second);
  keep_routes({"r0"});
  expect_arrives(0, first);
  keep_routes({"r0", "r2"});
  ASSERT_TRUE(
      wait([&] { return status(0).routes.at("r2").state == RouteState::open; }, seconds(60)));
  SourceApp& third = source({.bytes = kGiB}, 2);
  watch(seconds(5));
  expect_arrives(0, first);
  expect_arrives(2, third);
  keep_routes({"r0", "r1"});  // one goes and one comes in a single reload
  expect_arrives(0, first);
  ASSERT_TRUE(
      wait([&] { return status(0).routes.at("r1").state == RouteState::open; }, seconds(60)));
  SourceApp& fourth = source({.bytes = kGiB}, 1);
  watch(seconds(10));
  expect_arrives(1, fourth);
  EXPECT_LE(link(1).buffer.receive_limit_bytes, 4 * kMiB);
  expect_no_lane_lost();
}

// Each target breaks off; what is under way to it then is thrown away, and its credit is there
// again for the next one.
TEST_F(PairCredit, BytesThatAreThrownAwayGiveTheirCreditBack) {
  options.memlimit = 16 * kMiB;
  plan.wan.latency_min = plan.wan.latency_mean = seconds(1) / 5;
  plan.wan.bandwidth_bytes_s = 8 * kMiB;
  start({.reset_ratio = 1});
  for (int i = 0; i < 40; ++i) {
    const SourceApp& app = source({.bytes = 64 * kMiB, .ending = SourceEnding::hold});
    ASSERT_TRUE(wait([&] { return app.finished(); }, seconds(30))) << "connection " << i;
  }
  // And only once: no more comes than there is memory for.
  targets.front().options().reset_ratio = 0;
  targets.front().stall(kNever);
  source({.bytes = 64 * kMiB, .compressible = false, .ending = SourceEnding::hold});
  watch(seconds(20));
  EXPECT_EQ(link(0).limited_by, Limit::peer_disk);
  expect_no_lane_lost();
}

// They are with a worker when their stream is stopped.
TEST_F(PairCredit, BytesThatAreThrownAwayGiveTheirMemoryBack) {
  options.memlimit = 16 * kMiB;
  options.compression = {.automatic = false, .fixed = {CodecId::lz4, 0}};
  plan.worker_slow_ratio = 1;
  start({.reset_ratio = 1});
  for (int i = 0; i < 60; ++i) {
    const SourceApp& app = source({.bytes = 64 * kMiB, .ending = SourceEnding::hold});
    ASSERT_TRUE(wait([&] { return app.finished(); }, seconds(30))) << "connection " << i;
  }
  targets.front().options().reset_ratio = 0;
  SourceApp& last = source({.bytes = 4 * kMiB, .ending = SourceEnding::hold});
  EXPECT_TRUE(wait([&] { return arrived(0, last) == 4 * kMiB; }, seconds(30)));
}

}  // namespace
}  // namespace longthrow::sim
