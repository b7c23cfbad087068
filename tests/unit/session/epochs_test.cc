// SPDX-License-Identifier: Apache-2.0
// OutEpochs and InEpochs: how cuts are announced, and when they are whole.
#include <gtest/gtest.h>

#include "proxy/session/in_epochs.h"
#include "proxy/session/out_epochs.h"

namespace longthrow {
namespace {

using Entries = std::vector<wire::CutEntry>;

class OutEpochsTest : public ::testing::Test {
 protected:
  OutEpochsTest() {
    report(0);
    epochs_.join(1, 0);
    epochs_.join(2, 0);
  }
  void report(std::uint64_t whole) {
    ASSERT_TRUE(epochs_.on_report({.whole_epoch = whole, .epoch_bytes_max = 100'000}));
  }
  // The cuts that are to be said now, each with its entries.
  std::vector<Entries> said() {
    std::vector<Entries> cuts;
    while (const wire::Cut* cut = epochs_.poll_cut()) cuts.push_back(cut->entries);
    return cuts;
  }
  OutEpochs epochs_;
};

TEST_F(OutEpochsTest, ACutIsSaidWhenAllBelowItIsSent) {
  epochs_.add(Proof::source, 5, {{1, 100}, {2, 50}});
  epochs_.on_sent(1, 120, 4096);
  EXPECT_TRUE(said().empty());
  epochs_.on_sent(2, 50, 4096);
  EXPECT_EQ(said(), (std::vector<Entries>{{{1, 100}, {2, 50}}}));
  EXPECT_EQ(epochs_.epoch(), 1U);
  EXPECT_EQ(epochs_.count(Proof::source), 1U);
  EXPECT_EQ(epochs_.open_charge_bytes(), 4096U) << "the frame across the cut";
}

TEST_F(OutEpochsTest, CutsDoNotGoBack) {
  epochs_.add(Proof::source, 5, {{1, 100}, {2, 50}});
  epochs_.add(Proof::source, 6, {{1, 90}, {2, 60}});
  epochs_.on_sent(1, 100, 4096);
  epochs_.on_sent(2, 60, 4096);
  EXPECT_EQ(said().size(), 1U);
  EXPECT_EQ(epochs_.cut_offset(2), 50U);
}

// A vector that was true of the sources at one moment is none of them any more when one channel of
// it has been cut further on.
TEST_F(OutEpochsTest, AForcedCutMakesTheProvenOnesThatItOvertakesVoid) {
  epochs_.add(Proof::source, 5, {{1, 100}, {2, 500}});
  epochs_.add(Proof::source, 6, {{1, 300}, {2, 600}});
  epochs_.on_sent(1, 200, 4096);
  epochs_.on_sent(2, 400, 4096);
  epochs_.close_here(Proof::none, 3);
  EXPECT_EQ(said(), (std::vector<Entries>{{{1, 200}, {2, 400}}}));
  epochs_.on_sent(1, 300, 4096);
  epochs_.on_sent(2, 600, 4096);
  EXPECT_EQ(said(), (std::vector<Entries>{{{1, 300}, {2, 600}}}));
  EXPECT_EQ(epochs_.count(Proof::none), 1U);
  EXPECT_EQ(epochs_.count(Proof::source), 1U);
}

TEST_F(OutEpochsTest, AnOpenEpochThatIsFullDoesNotFitAnotherFrame) {
  EXPECT_TRUE(epochs_.fits(500'000)) << "an epoch has at least one frame";
  epochs_.on_sent(1, 90'000, 90'112);
  EXPECT_TRUE(epochs_.fits(8192));
  EXPECT_FALSE(epochs_.fits(12'288));
  epochs_.close_here(Proof::none, 0);
  EXPECT_TRUE(epochs_.fits(12'288));
}

TEST_F(OutEpochsTest, WhatIsNotWholeIsSaidAgainOnANewLane) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    epochs_.add(Proof::source, 5, {{1, i * 10}});
    epochs_.on_sent(1, i * 10, 4096);
  }
  EXPECT_EQ(said().size(), 3U);
  report(1);
  epochs_.on_lanes_lost();
  EXPECT_EQ(said(), (std::vector<Entries>{{{1, 20}}, {{1, 30}}}));
  EXPECT_FALSE(epochs_.on_report({.whole_epoch = 4})) << "it was never sent";
}

TEST_F(OutEpochsTest, BytesAreUsableWhenTheirEpochIsWhole) {
  epochs_.on_sent(1, 100, 4096);
  EXPECT_EQ(epochs_.usable_offset(1, 100), 0U);
  epochs_.add(Proof::source, 5, {{1, 60}});
  EXPECT_EQ(epochs_.usable_offset(1, 100), 0U);
  report(1);
  EXPECT_EQ(epochs_.usable_offset(1, 100), 60U);
  EXPECT_EQ(epochs_.usable_offset(1, 40), 40U) << "what has not been received is of no use";
  EXPECT_EQ(epochs_.usable_offset(9, 40), 40U) << "a channel that is not held";
}

TEST_F(OutEpochsTest, AChannelThatIsGoneIsNotWaitedFor) {
  epochs_.add(Proof::source, 5, {{1, 100}, {2, 50}});
  epochs_.on_sent(1, 100, 4096);
  epochs_.forget(2);
  EXPECT_EQ(said().size(), 1U);
}

TEST_F(OutEpochsTest, LeavingEndsTheOpenEpochAndHoldsNothing) {
  epochs_.on_sent(1, 100, 4096);
  epochs_.leave(Proof::source, 7);
  EXPECT_EQ(said(), (std::vector<Entries>{{{1, 100}}}));
  EXPECT_FALSE(epochs_.holds(1));
  report(1);
  EXPECT_EQ(epochs_.usable_offset(1, 500), 500U);
  epochs_.join(1, 500);
  EXPECT_EQ(epochs_.usable_offset(1, 600), 500U) << "it is held again, from there on";
}

TEST_F(OutEpochsTest, OfTooManyWaitingCutsSomeAreJoined) {
  for (std::uint64_t i = 1; i <= 3 * OutEpochs::kPendingMax; ++i)
    epochs_.add(Proof::source, 5, {{1, i}, {2, i}});
  const std::uint64_t last = 3 * OutEpochs::kPendingMax;
  EXPECT_EQ(epochs_.cut_offset(1), last) << "the newest is kept";
  epochs_.on_sent(1, last, 4096);
  epochs_.on_sent(2, last, 4096);
  std::uint64_t before = 0;
  for (const Entries& entries : said()) {
    EXPECT_GT(entries.at(0).offset, before);
    EXPECT_EQ(entries.at(0).offset, entries.at(1).offset) << "a vector is kept whole or not at all";
    before = entries.at(0).offset;
  }
}

// A peer that has no room forces a cut before each frame. Those under way are bounded, and the peer
// takes all of them.
TEST_F(OutEpochsTest, CutsThatAreNotWholeAreBounded) {
  ASSERT_TRUE(epochs_.on_report({.whole_epoch = 0, .epoch_bytes_max = 0}));
  InEpochs peer;
  std::size_t under_way = 0;
  for (std::uint64_t i = 1; i <= 5000; ++i) {
    if (!epochs_.fits(4096)) epochs_.close_here(Proof::none, 0);
    epochs_.on_sent(1 + i % 2, i, 4096);
    while (const wire::Cut* cut = epochs_.poll_cut()) {
      ++under_way;
      ASSERT_TRUE(peer.add(*cut));
    }
  }
  EXPECT_EQ(under_way, OutEpochs::kAnnouncedMax + OutEpochs::kForcedMax);
  report(epochs_.epoch());
  EXPECT_FALSE(epochs_.fits(100'000)) << "the open epoch has grown, and is closed now";
}

TEST(InEpochs, AnEpochIsWholeWhenAllOfItIsHere) {
  InEpochs epochs;
  std::map<std::uint64_t, std::uint64_t> here;
  std::vector<wire::CutEntry> released;
  const auto advance = [&] {
    epochs.advance([&](const wire::CutEntry& entry) { return here[entry.channel] >= entry.offset; },
                   [&](const wire::CutEntry& entry) { released.push_back(entry); });
  };
  ASSERT_TRUE(epochs.add(
      {.proof = Proof::source, .epoch = 1, .wall_ns = 10, .entries = {{1, 10}, {2, 5}}}));
  ASSERT_TRUE(epochs.add({.proof = Proof::none, .epoch = 2, .wall_ns = 20, .entries = {{1, 20}}}));
  here = {{1, 30}, {2, 4}};
  advance();
  EXPECT_TRUE(released.empty());
  EXPECT_EQ(epochs.whole().epoch, 0U);
  here[2] = 5;
  advance();
  EXPECT_EQ(released, (Entries{{1, 10}, {2, 5}, {1, 20}}));
  EXPECT_EQ(epochs.whole().epoch, 2U);
  EXPECT_EQ(epochs.whole().proof, Proof::none);
  EXPECT_EQ(epochs.whole().wall_ns, 20);
  ASSERT_TRUE(epochs.add({.epoch = 2, .entries = {{1, 99}}})) << "said again";
  advance();
  EXPECT_EQ(epochs.whole().epoch, 2U);
}

TEST(InEpochs, APeerCannotPileUpCuts) {
  InEpochs epochs;
  std::uint64_t epoch = 0;
  while (epochs.add({.epoch = ++epoch, .entries = {{1, epoch}}}).has_value())
    ASSERT_LE(epoch, InEpochs::kCutsMax);
  EXPECT_EQ(epoch, InEpochs::kCutsMax + 1);
}

// --- checkpoints

TEST_F(OutEpochsTest, ACheckpointMayMoveNothingAndIsNeverJoinedWithAnotherEpoch) {
  epochs_.add(Proof::source, 5, {{1, 100}, {2, 50}});
  ASSERT_TRUE(
      epochs_.add_checkpoint(Proof::freeze, 6, {{1, 100}, {2, 50}}, {.id = 9, .name = "n"}));
  for (std::uint64_t i = 1; i <= 3 * OutEpochs::kPendingMax; ++i)
    epochs_.add(Proof::source, 5, {{1, 100 + i}, {2, 50 + i}});
  EXPECT_EQ(epochs_.checkpoint(), CheckpointFate::waits);
  epochs_.on_sent(1, 100, 4096);
  epochs_.on_sent(2, 50, 4096);
  EXPECT_EQ(epochs_.checkpoint(), CheckpointFate::announced);
  ASSERT_FALSE(epochs_.poll_cut()->checkpoint);
  const wire::Cut* cut = epochs_.poll_cut();
  ASSERT_TRUE(cut != nullptr && cut->checkpoint);
  EXPECT_EQ(cut->checkpoint->epoch, cut->epoch);
  EXPECT_EQ(cut->checkpoint->id, 9U);
}

TEST_F(OutEpochsTest, ACutThatHasToBeMadeSparesACheckpointThatWaits) {
  ASSERT_TRUE(epochs_.add_checkpoint(Proof::source, 6, {{1, 100}, {2, 500}}, {.id = 9}));
  epochs_.on_sent(1, 200, 4096);
  epochs_.on_sent(2, 400, 4096);
  epochs_.close_here(Proof::none, 3);
  EXPECT_EQ(said(), (std::vector<Entries>{{{1, 100}, {2, 400}}}));
  EXPECT_EQ(epochs_.checkpoint(), CheckpointFate::waits);
  epochs_.on_sent(2, 500, 4096);
  EXPECT_EQ(said(), (std::vector<Entries>{{{1, 100}, {2, 500}}}));
  EXPECT_EQ(epochs_.checkpoint(), CheckpointFate::announced);
}

TEST_F(OutEpochsTest, ACheckpointThatIsOvertakenSaysSo) {
  ASSERT_TRUE(epochs_.add_checkpoint(Proof::source, 6, {{1, 100}, {2, 500}}, {.id = 9}));
  epochs_.on_sent(1, 100, 4096);
  epochs_.close_here(Proof::none, 3);
  epochs_.on_sent(1, 200, 4096);
  epochs_.close_here(Proof::none, 3);
  EXPECT_EQ(said(), (std::vector<Entries>{{{1, 100}}, {{1, 200}}})) << "else nothing would go on";
  EXPECT_EQ(epochs_.checkpoint(), CheckpointFate::overtaken);
  epochs_.on_sent(2, 400, 4096);
  EXPECT_FALSE(epochs_.add_checkpoint(Proof::source, 7, {{1, 199}, {2, 600}}, {.id = 10}))
      << "it lies before the last cut";
  ASSERT_TRUE(epochs_.add_checkpoint(Proof::source, 7, {{1, 300}, {2, 600}}, {.id = 10}));
  epochs_.leave(Proof::source, 8);
  EXPECT_EQ(epochs_.checkpoint(), CheckpointFate::overtaken);
}

class InCheckpointTest : public ::testing::Test {
 protected:
  // Bytes below `here` of channel 1 are here. Returns how far they are released by now.
  std::uint64_t advance(std::uint64_t here) {
    epochs_.advance([&](const wire::CutEntry& entry) { return entry.offset <= here; },
                    [&](const wire::CutEntry& entry) { released_ = entry.offset; });
    return released_;
  }
  std::uint64_t lift() {
    epochs_.lift([&](const wire::CutEntry& entry) { released_ = entry.offset; });
    return released_;
  }
  void cut(std::uint64_t epoch, std::uint64_t offset) {
    ASSERT_TRUE(epochs_.add({.epoch = epoch, .entries = {{1, offset}}}));
  }
  void checkpoint(std::uint64_t epoch) {
    ASSERT_TRUE(epochs_.announce({.epoch = epoch, .id = epoch, .name = "n"}));
  }
  InEpochs epochs_;
  std::uint64_t released_ = 0;
};

TEST_F(InCheckpointTest, NothingBehindItIsReleasedUntilItIsLifted) {
  cut(1, 10);
  checkpoint(2);
  cut(2, 20);
  cut(3, 30);
  cut(4, 40);
  EXPECT_EQ(advance(15), 10U);
  EXPECT_FALSE(epochs_.stopped_at_checkpoint());
  EXPECT_EQ(advance(30), 20U);
  EXPECT_TRUE(epochs_.stopped_at_checkpoint());
  EXPECT_EQ(epochs_.whole().epoch, 3U) << "what is stopped is whole all the same";
  EXPECT_EQ(advance(40), 20U);
  EXPECT_EQ(lift(), 40U);
  EXPECT_FALSE(epochs_.stopped_at_checkpoint());
  cut(5, 50);
  EXPECT_EQ(advance(50), 50U);
}

TEST_F(InCheckpointTest, ItIsSaidAgainOnANewLane) {
  checkpoint(1);
  checkpoint(1);
  cut(1, 10);
  checkpoint(1);
  EXPECT_EQ(advance(10), 10U);
  EXPECT_TRUE(epochs_.stopped_at_checkpoint());
  lift();
  checkpoint(1);
  EXPECT_FALSE(epochs_.checkpoint()) << "it is over";
}

TEST_F(InCheckpointTest, AHostilePeerCannotPileThemUp) {
  checkpoint(1);
  EXPECT_FALSE(epochs_.announce({.epoch = 2, .id = 2, .name = "n"}));
  EXPECT_FALSE(epochs_.add({.epoch = 2, .entries = {{1, 10}}})) << "not the cut that was said";
  cut(1, 10);
  EXPECT_FALSE(epochs_.announce({.epoch = 2, .id = 2, .name = "n"})) << "the first is not over";
}

}  // namespace
}  // namespace longthrow
