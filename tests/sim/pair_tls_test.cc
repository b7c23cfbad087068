// SPDX-License-Identifier: Apache-2.0
// A pair whose lanes carry records, as TLS does: over cuts, key updates, dead lanes and turned
// bits.
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PairTls : public PairFixture {
 protected:
  PairTls() {
    plan.wan.bandwidth_bytes_s = 8 * kMiB;
    options.toy_tls.emplace();
  }
  // A stream both ways, which takes several seconds.
  SourceApp& write() { return source({.bytes = 16 * kMiB, .compressible = false}); }
  void expect_whole(const SourceApp& app) {
    ASSERT_TRUE(wait([&] { return app.finished() && targets.front().open_connections() == 0; }));
    EXPECT_EQ(lines(ledger.check_complete(SimWorld::start())), "");
    EXPECT_EQ(lines(ledger.check_fidelity()), "");
    for (const int side : {0, 1}) EXPECT_EQ(link(side).sessions, 1U) << side;
  }
  void expect_nobody_blamed() {
    for (const int side : {0, 1}) {
      EXPECT_EQ(link(side).errors.protocol_errors, 0U) << side;
      EXPECT_EQ(link(side).errors.checksum_failures, 0U) << side;
    }
  }
  std::vector<ConnectionId> lanes() {
    return network->connections_between(cluster->host(0), cluster->host(1));
  }
  // Of the direction in which more bytes travel. Each lane has its turn.
  void turn_bits(int count) {
    for (int i = 0; i < count; ++i) {
      run(milliseconds(700));
      const auto now = lanes();
      if (now.empty()) continue;
      const auto which = static_cast<std::uint64_t>(i);
      network->turn_bit(now[which % now.size()], i % 2, mix64(which));
    }
  }
  std::size_t lines_with(std::string_view words) {
    return static_cast<std::size_t>(std::ranges::count_if(
        log, [&](const std::string& line) { return line.find(words) != std::string::npos; }));
  }
};

TEST_F(PairTls, AStreamArrivesWholeOverCuts) {
  start({.answer_ratio = 0.5});
  const SourceApp& app = write();
  for (int i = 0; i < 4; ++i) {
    run(milliseconds(400));
    cut(seconds(1) + milliseconds(900) * i * i);
    run(seconds(10));
  }
  expect_whole(app);
  expect_nobody_blamed();
}

TEST_F(PairTls, KeysAreUpdatedInMidstream) {
  options.toy_tls->key_update_bytes = 50'000;
  start({.answer_ratio = 0.5});
  expect_whole(write());
  expect_nobody_blamed();
  for (const int side : {0, 1}) EXPECT_EQ(link(side).reconnects, 0U) << side;
}

// The damage is the path's, not the peer's.
TEST_F(PairTls, ATurnedBitCostsItsLaneAndIsNobodysFault) {
  start({.answer_ratio = 0.5});
  const SourceApp& app = source({.bytes = 64 * kMiB, .rate_bytes_s = 4 * kMiB});
  const std::uint64_t before = network->counters().connections;
  turn_bits(10);
  EXPECT_GE(network->counters().connections, before + 5);  // such lanes were made anew
  expect_whole(app);
  expect_nobody_blamed();
  EXPECT_GE(lines_with("a record from the peer is damaged"), 1U) << lines(log);
}

// One end has lost its lanes; the other knows nothing of it.
TEST_F(PairTls, LanesThatAreHalfOpenAreReplaced) {
  start({.answer_ratio = 0.5});
  const SourceApp& app = write();
  for (int i = 0; i < 3; ++i) {
    run(milliseconds(500));
    for (const ConnectionId lane : lanes()) network->blackhole(lane, kNever);
    run(seconds(15));
  }
  expect_whole(app);
  expect_nobody_blamed();
}

// Without TLS the sums of the frames find what is turned in their bytes.
TEST_F(PairTls, WithoutTlsATurnedBitOfABulkLaneIsFoundByTheSumOfItsFrame) {
  options.toy_tls.reset();
  start();
  const SourceApp& app = source({.bytes = 32 * kMiB, .rate_bytes_s = 4 * kMiB});
  for (int i = 0; i < 5; ++i) {
    run(seconds(1));
    network->turn_bit(lanes().back(), 0, mix64(static_cast<std::uint64_t>(i)));
    network->turn_bit(lanes().back(), 1, mix64(static_cast<std::uint64_t>(i)));
  }
  expect_whole(app);
  EXPECT_GT(link(1).errors.checksum_failures + link(1).errors.protocol_errors, 0U);
}

}  // namespace
}  // namespace longthrow::sim
