// SPDX-License-Identifier: Apache-2.0
// Whatever is lost is in the ledger of the node that lost it, with the bytes that the target lacks.
#include "tests/sim/losses_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::seconds;

TEST_F(PairLosses, NothingLostIsAnEmptyLedgerThatHasABeginning) {
  start();
  source({.bytes = kMiB, .ending = SourceEnding::half_close});
  ASSERT_TRUE(wait([this] { return sources.front().finished(); }));
  run(seconds(5));
  for (const int side : {0, 1}) {
    EXPECT_TRUE(ledger_of(side).losses.empty());
    EXPECT_NE(ledger_of(side).since, WallTime{});
    EXPECT_EQ(ledger_of(side).not_kept, "");
    EXPECT_EQ(status(side).losses.losses, 0U);
  }
}

TEST_F(PairLosses, OfASessionThatTimedOut) {
  start();
  write_for_long();
  cut(seconds(200));
  wait_for_end();
  const Loss loss = sum(0, LossReason::session_timeout, LossPlace::to_peer);
  EXPECT_GT(*loss.bytes, 50 * 64 * kKiB);
  EXPECT_LT(loss.perhaps_delivered_bytes, 15 * 64 * kKiB);
  expect_lacking(loss);
  EXPECT_EQ(loss.channels, 1U);
  ASSERT_TRUE(loss.oldest_s.has_value());
  EXPECT_NEAR(*loss.oldest_s, 70, 12);
  EXPECT_EQ(status(0).losses.last->bytes, loss.bytes);
}

TEST_F(PairLosses, OfAPeerThatWasKilled) {
  start();
  write_for_long();
  cut(seconds(30));
  run(seconds(20));
  kill(1);
  cluster->start(1);
  wait_for_end();
  expect_lacking(sum(0, LossReason::peer_restarted, LossPlace::to_peer));
  EXPECT_GT(lacking(), 19 * 64 * kKiB);
  // What it had held itself went with its process.
  const LossReport there = ledger_of(1);
  ASSERT_EQ(there.losses.size(), 1U);
  EXPECT_EQ(there.losses.front().reason, LossReason::node_killed);
  EXPECT_FALSE(there.losses.front().bytes.has_value());
}

TEST_F(PairLosses, OfANodeThatIsStoppedOutliveIt) {
  options.session_timeout = std::chrono::hours(1);
  start();
  write_for_long();
  cut(seconds(300));
  run(seconds(20));
  bool stopped = false;
  cluster->node(0)->stop([&] { stopped = true; });
  ASSERT_TRUE(follow([this] { return app->channel() != stream; }));
  ASSERT_TRUE(wait([&] { return stopped; }));
  kill(0);
  cluster->start(0);
  expect_lacking(sum(0, LossReason::node_stopped, LossPlace::to_peer));
  EXPECT_GT(lacking(), 10 * 64 * kKiB);
  EXPECT_EQ(ledger_of(0).losses.size(), 1U);
  EXPECT_EQ(status(0).losses.losses, 1U);
  EXPECT_TRUE(status(0).losses.counts.empty()) << "of this process";
}

TEST_F(PairLosses, OfATakeoverWhoseTargetHangs) {
  plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 64 * kKiB;
  start();
  write_for_long();
  targets.front().stall(world.now() + std::chrono::hours(1));
  run(seconds(10));
  cut(seconds(30));
  run(seconds(20));
  const std::uint64_t taken = targets.front().received_bytes(*stream);
  const std::uint64_t held = status(1).links.at("wan").undelivered_bytes;
  ASSERT_GT(held, 100 * kKiB);
  const auto answers = command(1, Takeover{.name = "wan"});
  ASSERT_TRUE(follow([&] { return answered(*answers) && app->channel() != stream; }));
  EXPECT_EQ(*sum(1, LossReason::target_stuck, LossPlace::undelivered).bytes, held);
  const Loss loss = sum(0, LossReason::takeover, LossPlace::to_peer);
  EXPECT_LE(given - taken, *loss.bytes);
  EXPECT_GE(given - taken, *loss.bytes - loss.perhaps_delivered_bytes);
}

TEST_F(PairLosses, OfATargetThatResets) {
  plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 64 * kKiB;
  start({.rate_bytes_s = 64 * kKiB});
  write_for_long(512 * kKiB);
  const std::uint64_t held = status(1).links.at("wan").undelivered_bytes;
  const std::uint64_t taken = targets.front().received_bytes(*stream);
  targets.front().reset_all();
  wait_for_end();
  const Loss there = sum(1, LossReason::program_closed, LossPlace::undelivered);
  const Loss here = sum(0, LossReason::peer_program_closed, LossPlace::to_peer);
  EXPECT_GE(*there.bytes + kMiB, held);
  EXPECT_EQ(*here.bytes, given - taken);
  EXPECT_EQ(here.perhaps_delivered_bytes, 0U);
}

// The target is gone, and the source's leg is not: it has answers that its program does not read.
TEST_F(PairLosses, AreLagFromTheMomentAtWhichNobodyTakesTheBytes) {
  plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 64 * kKiB;
  start({.answer_ratio = 1.0});
  app = &source({.bytes = 64 * kMiB,
                 .rate_bytes_s = 64 * kKiB,
                 .reads_while_writing = false,
                 .ending = SourceEnding::hold});
  run(seconds(10));
  stream = app->channel();
  const std::uint64_t taken = targets.front().received_bytes(*stream);
  targets.front().reset_all();
  const TimePoint reset_at = world.now();
  for (int i = 0; i < 10; ++i) {
    run(seconds(1));
    ASSERT_EQ(app->channel(), stream) << "the leg is open";
    const Lag lag = group(0).lag;
    EXPECT_GE(lag.bytes, app->acknowledged_bytes() - taken);
    EXPECT_GE(lag.seconds, std::chrono::duration<double>(world.now() - reset_at).count() - 0.3);
  }
  app->options().reads_while_writing = true;
  wait_for_end();
  EXPECT_EQ(*sum(0, LossReason::peer_program_closed, LossPlace::to_peer).bytes, given - taken);
  EXPECT_GE(group(0).lag.seconds, 10.0) << "the loss is as old as its first byte";
}

TEST_F(PairLosses, OfARouteThatIsRemoved) {
  start();
  write_for_long();
  Config without = cluster->config(1);
  without.routes.erase("r0");
  targets.front().stall(world.now() + seconds(20));
  run(seconds(10));
  const std::uint64_t held = status(1).links.at("wan").undelivered_bytes;
  const std::uint64_t taken = targets.front().received_bytes(*stream);
  ASSERT_TRUE(command(1, Reload{.config = without})->back().ok);
  wait_for_end();
  const Loss there = sum(1, LossReason::route_removed, LossPlace::undelivered);
  const Loss here = sum(0, LossReason::peer_program_closed, LossPlace::to_peer);
  EXPECT_EQ(*here.bytes, given - taken);
  EXPECT_GE(*there.bytes, held);
  EXPECT_LE(*there.bytes, *here.bytes) << "more had come meanwhile";
}

TEST_F(PairLosses, OfAPeerThatIsStopped) {
  plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 64 * kKiB;
  start({.rate_bytes_s = 16 * kKiB});  // it takes less than comes, to the last
  write_for_long(512 * kKiB);
  bool stopped = false;
  cluster->node(1)->stop([&] { stopped = true; });
  ASSERT_TRUE(follow([&] { return stopped && app->channel() != stream; }));
  kill(1);
  run(seconds(2));
  const Loss loss = sum(0, LossReason::peer_stopped, LossPlace::to_peer);
  EXPECT_GT(*loss.bytes, 64 * kKiB);
  expect_lacking(loss);
  expect_told_by_a_later_drain(*loss.bytes);
}

// The peer has given the session up, and this node not yet.
TEST_F(PairLosses, OfASessionThatThePeerHasEnded) {
  start();
  write_for_long();
  Config config = cluster->config(1);
  config.links["wan"].session_timeout = seconds(30);
  ASSERT_TRUE(command(1, Reload{.config = config})->back().ok);
  cut(seconds(50));
  wait_for_end();
  const Loss loss = sum(0, LossReason::session_ended, LossPlace::to_peer);
  EXPECT_GT(*loss.bytes, 20 * 64 * kKiB);
  expect_lacking(loss);
}

TEST_F(PairLosses, OfATargetThatIsNotThere) {
  start();
  targets.clear();
  app = &source({.bytes = 50'000, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([this] { return app->finished(); }));
  run(seconds(70));
  const Loss there = sum(1, LossReason::target_unreachable, LossPlace::undelivered);
  const Loss here = sum(0, LossReason::peer_program_closed, LossPlace::to_peer);
  EXPECT_GE(*here.bytes, 50'000U);
  EXPECT_GT(*there.bytes, 0U);
  EXPECT_LE(*there.bytes, 50'000U);
}

// The target has ended its own half, and takes nothing more of the other one: both ends are known
// on both sides, and nobody ever says that the last bytes were taken.
TEST_F(PairLosses, OfWhatThePeerNeverConfirms) {
  plan.network.receive_buffer_bytes_max = 16 * kKiB;
  start({.early_half_close_ratio = 1, .early_bytes_max = 4 * kKiB});
  app = &source({.bytes = 50'000, .rate_bytes_s = 10'000, .burst_bytes = 1000});
  run(seconds(1));
  stream = app->channel();
  ASSERT_NE(stream, nullptr);
  targets.front().stall(world.now() + std::chrono::hours(1));
  ASSERT_TRUE(wait([this] { return app->finished(); }));
  ASSERT_TRUE(
      wait([this] { return sum(0, LossReason::unconfirmed, LossPlace::to_peer).channels > 0; }));
  const std::uint64_t lacking = 50'000 - targets.front().received_bytes(*stream);
  const Loss loss = sum(0, LossReason::unconfirmed, LossPlace::to_peer);
  EXPECT_GT(lacking, 10'000U);
  EXPECT_EQ(*loss.bytes, lacking);
  EXPECT_EQ(loss.perhaps_delivered_bytes, lacking);
  EXPECT_TRUE(ledger_of(1).losses.empty()) << "it still hands them over";
  expect_told_by_a_later_drain(lacking);
}

// A later drain answers for what an ended connection gave, read or not.
TEST_F(PairLosses, OfAConnectionThatEndedFailALaterDrain) {
  start({.reset_ratio = 1});
  app = &source({.bytes = 64 * kMiB, .rate_bytes_s = 4 * kMiB, .ending = SourceEnding::hold});
  ASSERT_TRUE(wait([this] { return app->finished(); }));
  run(seconds(5));
  const Loss loss = sum(0, LossReason::peer_program_closed, LossPlace::to_peer);
  ASSERT_GT(*loss.bytes, 1000U);
  expect_told_by_a_later_drain(*loss.bytes);
}

// One stream of a group is lost, another one goes on: as of when the copy is stands still.
TEST_F(PairLosses, HoldBackTheAgeOfTheirGroupUntilNewerDataIsDelivered) {
  options.routes.push_back({.name = "r1", .group = "g"});
  start({.rate_bytes_s = 256 * kKiB});
  source({.bytes = 64 * kMiB, .rate_bytes_s = 32 * kKiB, .ending = SourceEnding::hold}, 1);
  write_for_long(kMiB);
  targets.front().reset_all();
  run(seconds(2));
  const auto as_of = group(1).inbound.as_of;
  const double age_s = *group(1).inbound.age_s;
  run(seconds(20));
  EXPECT_EQ(group(1).inbound.as_of, as_of);
  EXPECT_NEAR(*group(1).inbound.age_s, age_s + 20, 1);
  EXPECT_EQ(group(1).consistent, Consistency::no);
  EXPECT_GE(group(0).lag.seconds, 19);
  source({.bytes = 100'000, .ending = SourceEnding::hold});
  run(seconds(5));
  EXPECT_LT(*group(1).inbound.age_s, 5);
  EXPECT_LT(group(0).lag.seconds, 5);
  EXPECT_EQ(group(1).consistent, Consistency::yes) << group(1).reason;
}

TEST_F(PairLosses, AreTellableThoughTheDiskIsNotThere) {
  std::filesystem::remove_all(options.state_dir + "/alpha");
  start();
  write_for_long();
  cut(seconds(200));
  wait_for_end();
  EXPECT_NE(ledger_of(0).not_kept, "");
  expect_lacking(sum(0, LossReason::session_timeout, LossPlace::to_peer));
  const auto said = [](const std::string& line) {
    return line.find("not kept on the disk") != std::string::npos;
  };
  EXPECT_EQ(std::ranges::count_if(log, said), 1);
}

}  // namespace
}  // namespace longthrow::sim
