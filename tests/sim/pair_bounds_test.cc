// SPDX-License-Identifier: Apache-2.0
// Routes of unequal rates on one link: how long the small one waits.
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kWanBytesS = 1'250'000;  // 10 Mbit/s

struct World {
  milliseconds rtt;
  std::uint64_t memlimit;
};

class PairBounds : public PairFixture, public ::testing::WithParamInterface<World> {};

// The network keeps no more of the bulk under way than one round trip carries: what waits beyond is
// the nodes' to order.
TEST_P(PairBounds, AByteBesideABacklogArrivesWithinTwoRoundTripsAnd50Milliseconds) {
  const World world_of_test = GetParam();
  plan.wan.latency_min = plan.wan.latency_mean = world_of_test.rtt / 2;
  plan.wan.bandwidth_bytes_s = kWanBytesS;
  const std::uint64_t in_flight_bytes =
      kWanBytesS * static_cast<std::uint64_t>(world_of_test.rtt.count()) / 1000;
  plan.network.send_buffer_bytes_min = plan.network.send_buffer_bytes_max =
      plan.network.receive_buffer_bytes_min = plan.network.receive_buffer_bytes_max =
          std::max<std::uint64_t>(in_flight_bytes, 16 * kKiB);
  options.memlimit = world_of_test.memlimit;
  options.lanes = 1;
  options.routes = {{.name = "r0", .group = "bulk"}, {.name = "r1", .group = "small"}};
  start();
  source({.bytes = 256 * kMiB, .compressible = false, .ending = SourceEnding::hold});
  run(seconds(30));
  ASSERT_GT(link(0).lag.bytes, 8 * kMiB);
  // A byte a second, after those that name the stream.
  SourceApp& small = source({.bytes = 1 * kMiB,
                             .rate_bytes_s = 1,
                             .burst_bytes = 32,
                             .write_bytes_max = 32,
                             .ending = SourceEnding::hold},
                            1);
  run(seconds(5));
  ASSERT_GT(targets.back().received_bytes(*small.channel()), 0U);
  std::uint64_t given = small.acknowledged_bytes();
  std::uint64_t bytes_seen = 0;
  Duration longest{0};
  while (bytes_seen < 20) {
    ASSERT_TRUE(wait([&] { return small.acknowledged_bytes() > given; }, seconds(10)));
    given = small.acknowledged_bytes();
    const TimePoint since = world.now();
    ASSERT_TRUE(wait([&] { return targets.back().received_bytes(*small.channel()) >= given; },
                     seconds(30)));
    longest = std::max(longest, world.now() - since);
    ++bytes_seen;
  }
  EXPECT_GT(link(0).lag.bytes, 1 * kMiB) << "there is no backlog any more";
  EXPECT_LE(longest, 2 * world_of_test.rtt + milliseconds(50));
}

INSTANTIATE_TEST_SUITE_P(
    RoundTrips, PairBounds,
    ::testing::Values(World{milliseconds(20), 128 * kMiB}, World{milliseconds(100), 128 * kMiB},
                      World{milliseconds(100), 16 * kMiB}, World{milliseconds(300), 128 * kMiB}),
    [](const auto& each) {
      return format("{}msOf{}MiB", each.param.rtt.count(), each.param.memlimit / kMiB);
    });

}  // namespace
}  // namespace longthrow::sim
