// SPDX-License-Identifier: Apache-2.0
// A pair whose arenas refuse memory at any step: what was accepted arrives whole all the same.
#include "tests/sim/memory_faults.h"
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {

using std::chrono::seconds;

class PairMemory : public PairFixture {
 protected:
  ~PairMemory() override {
    for (const int side : {0, 1}) {
      if (cluster) cluster->set_refusals(side, nullptr);
    }
  }
  void begin() {
    start({.answer_ratio = 0.3});
    for (const int side : {0, 1}) cluster->set_refusals(side, &memory[side]);
  }
  // A new stream, to its end.
  void carry(const SourceOptions& of) {
    SourceApp& app = source(of);
    ASSERT_TRUE(wait([&] { return app.finished() && targets.front().open_connections() == 0; }))
        << "stream " << sources.size();
  }
  // All that was written has arrived, with its end, and nobody is blamed.
  void expect_whole() {
    EXPECT_EQ(lines(ledger.check_complete(SimWorld::start())), "");
    EXPECT_EQ(lines(ledger.check_fidelity()), "");
    for (const int side : {0, 1}) {
      EXPECT_EQ(link(side).errors.protocol_errors, 0U) << side;
      EXPECT_EQ(link(side).sessions, 1U) << side;
      EXPECT_EQ(link(side).errors.memory_refusals,
                memory[side].refused(MemoryRequest::received_frame))
          << side;
      EXPECT_EQ(link(side).buffer.receive_used_bytes, 0U) << side;
    }
  }
  // Stream after stream, each with the next of its requests refused, until one has no more of them.
  void refuse_each(int side, MemoryRequest kind) {
    begin();
    MemoryFaults& faults = memory[side];
    std::uint64_t step = 0;
    for (std::uint64_t refused = 0;; ++step) {
      faults.refuse_one(kind, step);
      ASSERT_NO_FATAL_FAILURE(carry({.bytes = 1200 * kKiB, .compressible = false}));
      if (faults.refused(kind) == refused) break;
      refused = faults.refused(kind);
    }
    EXPECT_GT(step, 5U);
    faults.heal();
    expect_whole();
  }
  void refuse_in_bursts(std::initializer_list<MemoryRequest> kinds, std::uint64_t requests_max) {
    begin();
    for (const int side : {0, 1}) {
      for (const MemoryRequest kind : kinds)
        memory[side].refuse_in_bursts(kind, {.ratio = 0.05, .requests_max = requests_max});
    }
    for (int i = 0; i < 24; ++i) {
      source({.bytes = 2 * kMiB,
              .write_bytes_max = i % 2 == 0 ? 64 * kKiB : 3 * kKiB,
              .compressible = i % 3 == 0});
    }
    ASSERT_TRUE(wait([this] {
      return std::ranges::all_of(sources, [](const SourceApp& app) { return app.finished(); }) &&
             targets.front().open_connections() == 0;
    }));
    for (const MemoryRequest kind : kinds) EXPECT_GT(memory[0].refused(kind), 0U);
    for (MemoryFaults& faults : memory) faults.heal();
    run(seconds(60));
    expect_whole();
  }

  MemoryFaults memory[2] = {MemoryFaults(RandomStream(1)), MemoryFaults(RandomStream(2))};
};

TEST_F(PairMemory, AStreamArrivesWholeWhicheverOfItsReadsFindsNoSlab) {
  refuse_each(0, MemoryRequest::staging);
}

TEST_F(PairMemory, AStreamArrivesWholeWhicheverOfItsFramesFindsNoPlaceAtItsSender) {
  refuse_each(0, MemoryRequest::sent_frame);
}

TEST_F(PairMemory, AStreamArrivesWholeWhicheverOfItsFramesFindsNoPlaceAtItsReceiver) {
  refuse_each(1, MemoryRequest::received_frame);
}

TEST_F(PairMemory, StreamsArriveWholeThoughTheirSenderIsRefusedMemoryInBursts) {
  refuse_in_bursts({MemoryRequest::staging, MemoryRequest::sent_frame}, 20);
}

// Each refusal costs a lane, and no peer is blamed for it, however many there are.
TEST_F(PairMemory, StreamsArriveWholeThoughTheirReceiverIsRefusedMemoryInBursts) {
  refuse_in_bursts({MemoryRequest::received_frame}, 10);
}

}  // namespace
}  // namespace longthrow::sim
