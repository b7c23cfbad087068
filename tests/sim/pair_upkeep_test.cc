// SPDX-License-Identifier: Apache-2.0
// What nodes do by themselves in the long run: how fast they send, how well they compress, and what
// they log.
#include <filesystem>

#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::seconds;

class PairUpkeep : public PairFixture {
 protected:
  // At the first route's target, in a second.
  std::uint64_t rate_bytes_s() {
    const std::uint64_t before = targets.front().received_bytes();
    run(seconds(10));
    return (targets.front().received_bytes() - before) / 10;
  }
  std::size_t lines_with(const std::string& words) {
    return static_cast<std::size_t>(std::ranges::count_if(
        log, [&](const std::string& line) { return line.find(words) != std::string::npos; }));
  }
};

TEST_F(PairUpkeep, ASlowWanCarriesMoreOfWhatCanBeCompressed) {
  plan.wan.bandwidth_bytes_s = kMiB;
  start();
  source({.bytes = kGiB, .compressible = true, .ending = SourceEnding::hold});
  run(seconds(20));
  EXPECT_GT(rate_bytes_s(), 2 * kMiB);
}

TEST_F(PairUpkeep, ALinkThatFlapsForHoursDoesNotFillTheLog) {
  start();
  const std::size_t before = log.size();
  for (int i = 0; i < 90; ++i) {
    cut(seconds(20));
    run(seconds(80));
    ASSERT_EQ(link(0).state, LinkState::up) << i;
  }
  EXPECT_GE(link(0).reconnects, 90U);
  EXPECT_GE(lines_with("link wan: down: "), 2U);
  EXPECT_LE(log.size() - before, 120U) << lines(log);
}

TEST_F(PairUpkeep, StreamsThatAreNotEncryptedAreNotCalledSo) {
  start({.answer_ratio = 1.0});
  source({.bytes = kMiB, .ending = SourceEnding::half_close});
  ASSERT_TRUE(wait([this] { return sources.front().finished(); }));
  EXPECT_EQ(lines_with("encrypted inside"), 0U) << lines(log);
}

// What was under way on it is sent again on another one.
TEST_F(PairUpkeep, ABulkLaneThatFallsSilentIsGivenUp) {
  start();
  const SourceApp& app =
      source({.bytes = 64 * kMiB, .rate_bytes_s = 64 * kKiB, .ending = SourceEnding::hold});
  run(seconds(2));
  const auto lanes = network->connections_between(cluster->host(0), cluster->host(1));
  ASSERT_GT(lanes.size(), 1U);
  network->blackhole(lanes.back(), world.now() + std::chrono::hours(1));
  run(seconds(30));
  EXPECT_GT(targets.front().received_bytes(*app.channel()), 25 * 64 * kKiB);
}

TEST_F(PairUpkeep, LossesAreWrittenWhenTheDiskIsThereAgain) {
  plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 64 * kKiB;
  start({.rate_bytes_s = 16 * kKiB});
  source({.bytes = 4 * kMiB, .ending = SourceEnding::hold});
  run(seconds(50));  // nothing waits to be written but what is tried again
  targets.front().reset_all();
  ASSERT_TRUE(wait([this] { return sources.front().finished(); }));
  run(seconds(50));
  const LossReport before = *command(0, Losses{})->back().losses;
  ASSERT_EQ(before.losses.size(), 1U);
  EXPECT_NE(before.not_kept, "");
  std::filesystem::create_directories(options.state_dir + "/alpha");
  run(seconds(60));
  EXPECT_EQ(command(0, Losses{})->back().losses->not_kept, "");
  kill(0);
  cluster->start(0);
  const LossReport after = *command(0, Losses{})->back().losses;
  ASSERT_FALSE(after.losses.empty());
  EXPECT_EQ(after.losses.front().bytes, before.losses.front().bytes);
}

}  // namespace
}  // namespace longthrow::sim
