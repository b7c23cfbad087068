// SPDX-License-Identifier: Apache-2.0
// How streams end between two nodes, when nothing excuses a loss.
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

class PairEnds : public PairFixture {
 protected:
  // All sources have ended, and the targets know.
  bool ended() {
    return wait([this] {
      for (const SourceApp& source : sources) {
        if (!source.finished()) return false;
      }
      for (const TargetApp& target : targets) {
        if (target.open_connections() != 0) return false;
      }
      return true;
    });
  }
};

TEST_F(PairEnds, AResetComesAfterAllBytesThatItsWriterGave) {
  start({.rate_bytes_s = 256 * kKiB});
  source({.streams_max = 2, .bytes = 2 * kMiB + 1234, .ending = SourceEnding::reset});
  ASSERT_TRUE(ended());
  run(seconds(60));
  EXPECT_EQ(lines(ledger.check_given(SimWorld::start())), "");
  for (const auto& [id, channel] : ledger.channels()) EXPECT_GT(channel.forward.given_bytes, kMiB);
}

// What was read last is less than a slab, and waits for the lanes.
TEST_F(PairEnds, AResetOverABusyLinkComesAfterWhatWaitsInNoFrame) {
  plan.wan.bandwidth_bytes_s = 64 * kKiB;
  start();
  source({.bytes = 1 * kMiB, .compressible = false, .ending = SourceEnding::hold});
  run(seconds(3));
  for (const std::uint64_t bytes : {3'000U, 20'000U, 70'001U}) {
    source({.bytes = bytes, .ending = SourceEnding::reset});
  }
  run(seconds(2));
  // The first 16 KiB go ahead; the reset comes while the rest waits to become a frame.
  source({.bytes = 20'002, .compressible = false, .ending = SourceEnding::hold});
  const auto is_read = [this] {
    return std::ranges::any_of(status(0).routes.at("r0").channels,
                               [](const auto& channel) { return channel.in_bytes == 20'002; });
  };
  ASSERT_TRUE(wait(is_read));
  run(std::chrono::microseconds(100));
  sources.back().finish_held(SourceEnding::reset);
  sources.front().finish_held(SourceEnding::reset);
  ASSERT_TRUE(ended());
  run(seconds(60));
  EXPECT_EQ(lines(ledger.check_given(SimWorld::start())), "");
}

// The answers meet a program that has gone: its kernel resets the connection, but what it wrote
// before is in the node's.
TEST_F(PairEnds, AFailingWriteBackLosesNothingOfWhatTheSourceHasSaid) {
  plan.wan.bandwidth_bytes_s = 256 * kKiB;
  options.memlimit = 4 * kMiB;
  start({.answer_ratio = 1.0});
  for (int i = 0; i < 3; ++i) {
    source({.bytes = 6 * kMiB, .reads_while_writing = true, .ending = SourceEnding::close});
  }
  ASSERT_TRUE(ended());
  run(seconds(60));
  EXPECT_EQ(lines(ledger.check_given(SimWorld::start())), "");
}

TEST_F(PairEnds, TheEndOfASessionComesAfterAllThatItsReceiverHeld) {
  plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 64 * kKiB;
  start({.rate_bytes_s = 128 * kKiB});
  SourceApp& app = source({.bytes = 8 * kMiB, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([&] { return received_by_peer() > 2 * kMiB; }));
  const ChannelRecord& stream = *app.channel();
  const ChannelStatus said = status(0).routes.at("r0").channels.at(0);
  const std::uint64_t held = said.in_bytes - said.lag_bytes;
  ASSERT_LT(stream.forward.read_bytes, held);
  kill(0);
  cluster->start(0);
  ASSERT_TRUE(wait([&] { return stream.forward.reader_error != 0; }));
  EXPECT_GE(stream.forward.read_bytes, held);
}

// What a target says while its copy is taken over is thrown away, also its end: the stream ends at
// its source all the same, and its route can be opened again.
TEST_F(PairEnds, ATakeoverEndsAStreamWhoseTargetEndsItsHalfMeanwhile) {
  plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 32 * kKiB;
  start({.rate_bytes_s = 64 * kKiB});
  for (const bool hangs : {false, true}) {
    source({.bytes = 512 * kKiB, .reads_while_writing = true, .ending = SourceEnding::hold});
    run(seconds(3));
    const auto taken = command(1, Takeover{.name = "g", .force = true});
    run(milliseconds(100));
    ASSERT_FALSE(answered(*taken)) << taken->back().message;
    targets.front().half_close_all();
    if (hangs) targets.front().stall(world.now() + std::chrono::minutes(2));
    ASSERT_TRUE(wait([&] { return answered(*taken); }));
    ASSERT_TRUE(wait([&] { return sources.back().finished(); }, seconds(30))) << lines(log);
    for (const int side : {0, 1})
      EXPECT_TRUE(wait([&] { return status(side).routes.at("r0").channels.empty(); }, seconds(10)));
    ASSERT_TRUE(command(1, Release{"g"})->back().ok);
    ASSERT_TRUE(
        wait([&] { return status(0).routes.at("r0").state == RouteState::open; }, seconds(10)));
  }
}

// Its kernel has answered the last bytes with a reset, and nobody writes more.
TEST_F(PairEnds, AnAbortDoesNotLingerOnALegWhoseProgramIsGone) {
  plan.wan.latency_min = plan.wan.latency_mean = milliseconds(200);
  start({.answer_ratio = 1.0});
  SourceApp& app = source({.bytes = 1000, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([&] { return app.channel() != nullptr; }));
  const ChannelRecord& stream = *app.channel();
  ASSERT_TRUE(wait([&] { return stream.back.written_bytes == 1000; }));
  run(milliseconds(20));
  targets.front().reset_all();
  app.finish_held(SourceEnding::close);
  EXPECT_TRUE(wait([&] { return status(0).routes.at("r0").channels.empty(); }, seconds(5)));
  EXPECT_TRUE(wait([&] { return status(0).routes.at("r0").channels.empty(); }, seconds(29)))
      << "abort_linger is over";
}

TEST_F(PairEnds, AnAbortLingersForATargetThatTakesNothingAndNoLonger) {
  plan.network.receive_buffer_bytes_max = 16 * kKiB;
  plan.network.send_buffer_bytes_min = 256 * kKiB;
  start({.rate_bytes_s = 1});
  SourceApp& app = source({.bytes = 60'000, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([&] { return app.acknowledged_bytes() == 60'000; }));
  run(seconds(2));
  app.finish_held(SourceEnding::reset);
  run(seconds(25));
  EXPECT_FALSE(status(1).routes.at("r0").channels.empty());
  run(seconds(15));
  EXPECT_TRUE(status(1).routes.at("r0").channels.empty());
}

// The last word on it comes when the link is up again: nothing is called lost.
TEST_F(PairEnds, WhatATargetTakesWhileTheLinkIsDownIsKnownToBeDelivered) {
  plan.network.receive_buffer_bytes_max = 16 * kKiB;
  start({.early_half_close_ratio = 1, .early_bytes_max = 4 * kKiB});
  source({.bytes = 50'000, .rate_bytes_s = 10'000, .burst_bytes = 1000});
  run(seconds(1));
  targets.front().stall(world.now() + seconds(15));
  ASSERT_TRUE(wait([this] { return sources.front().finished(); }));
  run(seconds(1));
  cut(seconds(40));
  for (const auto lane : network->connections_between(cluster->host(0), cluster->host(1)))
    network->reset_connection(lane);
  ASSERT_TRUE(wait([this] { return status(1).routes.at("r0").channels.empty(); }));
  EXPECT_NE(link(1).state, LinkState::up);
  ASSERT_TRUE(wait([this] { return status(0).routes.at("r0").channels.empty(); }));
  EXPECT_EQ(targets.front().received_bytes(), 50'000U);
  EXPECT_TRUE(command(0, Losses{.minor = true})->back().losses->losses.empty());
}

// A full buffer leaves them in the kernel.
TEST_F(PairEnds, AStoppingNodeDeliversAlsoWhatItHadNotRead) {
  plan.wan.bandwidth_bytes_s = 256 * kKiB;
  plan.network.receive_buffer_bytes_min = plan.network.receive_buffer_bytes_max = 2 * kMiB;
  options.memlimit = 4 * kMiB;
  options.compression = {.automatic = false, .fixed = {CodecId::none, 0}};
  start();
  constexpr std::uint64_t kBytes = 4 * kMiB + kMiB / 2;
  const SourceApp& app =
      source({.bytes = kBytes, .compressible = false, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([&] { return app.acknowledged_bytes() == kBytes; }));
  ASSERT_LT(status(0).routes.at("r0").channels.front().in_bytes, kBytes);
  const ChannelRecord& stream = *app.channel();
  bool stopped = false;
  cluster->node(0)->stop([&] { stopped = true; });
  ASSERT_TRUE(wait([&] { return stopped; }, seconds(59)));
  EXPECT_EQ(targets.front().received_bytes(stream), kBytes);
  EXPECT_TRUE(command(0, Losses{.minor = true})->back().losses->losses.empty());
}

TEST_F(PairEnds, ANewSessionsRouteOpensWhenTheOldOnesStreamsHaveEnded) {
  start({.rate_bytes_s = 128 * kKiB});
  SourceApp& app = source({.streams_max = 2, .bytes = 2 * kMiB});
  ASSERT_TRUE(wait([&] { return received_by_peer() > 1 * kMiB; }));
  const ChannelRecord& first = *app.channel();
  kill(0);
  run(seconds(1));
  cluster->start(0);
  // The program is connected before: its connection waits until the route opens.
  ASSERT_TRUE(wait([&] { return targets.front().connections() == 2; }));
  EXPECT_NE(first.forward.reader_error, 0) << "the new stream began beside the old one";
  ASSERT_TRUE(ended());
  EXPECT_EQ(lines(ledger.check_fidelity()), "");
}

}  // namespace
}  // namespace longthrow::sim
