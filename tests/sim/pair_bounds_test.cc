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
  // What the kernel keeps of each bulk lane, in round trips of the WAN: a byte that is put there
  // waits as long.
  std::uint64_t send_buffer_rtts = 1;
  // Of the small route, and how many of them are judged. Many come while the one before is not yet
  // acknowledged.
  std::uint64_t bytes_per_s = 1;
  std::uint64_t bytes_judged = 20;
  // Of the compression jobs: the bulk lanes wait for a frame now and then.
  double slow_jobs_ratio = 0;
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
  plan.network.receive_buffer_bytes_min = plan.network.receive_buffer_bytes_max =
      std::max<std::uint64_t>(in_flight_bytes, 16 * kKiB);
  plan.network.send_buffer_bytes_min = plan.network.send_buffer_bytes_max =
      plan.network.receive_buffer_bytes_max * world_of_test.send_buffer_rtts;
  plan.worker_slow_ratio = world_of_test.slow_jobs_ratio;
  options.memlimit = world_of_test.memlimit;
  options.lanes = 1;
  options.routes = {{.name = "r0", .group = "bulk"}, {.name = "r1", .group = "small"}};
  start();
  source({.bytes = 256 * kMiB, .compressible = false, .ending = SourceEnding::hold});
  run(seconds(30));
  ASSERT_GT(link(0).lag.bytes, 8 * kMiB);
  // Byte by byte, after those that name the stream.
  SourceApp& small = source({.bytes = 1 * kMiB,
                             .rate_bytes_s = world_of_test.bytes_per_s,
                             .burst_bytes = 32,
                             .write_bytes_max = 32,
                             .ending = SourceEnding::hold},
                            1);
  run(seconds(5));
  ASSERT_GT(targets.back().received_bytes(*small.channel()), 0U);
  std::uint64_t given = small.acknowledged_bytes();
  std::uint64_t bytes_seen = 0;
  Duration longest{0};
  while (bytes_seen < world_of_test.bytes_judged) {
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

INSTANTIATE_TEST_SUITE_P(RoundTrips, PairBounds,
                         ::testing::Values(World{milliseconds(20), 128 * kMiB},
                                           World{milliseconds(100), 128 * kMiB},
                                           World{milliseconds(100), 16 * kMiB},
                                           World{milliseconds(300), 128 * kMiB},
                                           World{milliseconds(100), 16 * kMiB, 8, 17, 400, 1.0},
                                           World{milliseconds(100), 128 * kMiB, 8, 17, 400, 1.0}),
                         [](const auto& each) {
                           return format("{}msOf{}MiBBehind{}Rtts", each.param.rtt.count(),
                                         each.param.memlimit / kMiB, each.param.send_buffer_rtts);
                         });

}  // namespace
}  // namespace longthrow::sim
