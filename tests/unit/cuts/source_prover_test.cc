// SPDX-License-Identifier: Apache-2.0
#include "proxy/cuts/source_prover.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace longthrow {
namespace {

constexpr std::uint64_t kA = 7;
constexpr std::uint64_t kB = 9;

SourceReading look(std::uint64_t channel, std::uint64_t acknowledged, std::int32_t queued,
                   SourceState state = SourceState::open) {
  return {.channel = channel, .state = state, .acknowledged = acknowledged, .queued = queued};
}
SourceReading failed(std::uint64_t channel, SourceState state) {
  return {.channel = channel, .state = state};
}

class SourceProverTest : public ::testing::Test {
 protected:
  SourceProverTest() {
    prover_.add(kA);
    prover_.add(kB);
  }
  SourceProver::Verdict judge(std::initializer_list<SourceReading> readings) {
    return prover_.judge(std::vector<SourceReading>(readings));
  }
  void expect_cut(const SourceProver::Verdict& verdict, std::uint64_t a, std::uint64_t b) {
    ASSERT_TRUE(verdict.has_value());
    EXPECT_EQ(*verdict, (std::vector<ChannelOffset>{{kA, a}, {kB, b}}));
  }
  void expect_not(const SourceProver::Verdict& verdict, CutObstacle why, std::uint64_t channel) {
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().obstacle, why);
    EXPECT_EQ(verdict.error().channel, channel);
  }

  SourceProver prover_;
};

TEST_F(SourceProverTest, MembersThatRestAreACut) {
  expect_cut(judge({look(kA, 10, 5), look(kA, 10, 5), look(kB, 20, 0), look(kB, 20, 0),
                    look(kA, 10, 5), look(kB, 20, 0)}),
             15, 20);
}

TEST_F(SourceProverTest, OneLookAtEachIsNone) {
  expect_not(judge({look(kA, 10, 5), look(kB, 20, 0)}), CutObstacle::moving, kB);
}

TEST_F(SourceProverTest, LooksOfTwoCollectsCountTogether) {
  EXPECT_FALSE(judge({look(kA, 10, 5), look(kB, 20, 0)}).has_value());
  EXPECT_FALSE(judge({look(kA, 10, 5), look(kB, 20, 1)}).has_value());
  expect_cut(judge({look(kA, 10, 5), look(kB, 20, 1)}), 15, 21);
}

TEST_F(SourceProverTest, AnAcknowledgementWithinAReadingThatIsCountedTwiceIsNoProof) {
  // Twice the same sum, 25; but 10 of it were acknowledged within each reading.
  EXPECT_FALSE(judge({look(kA, 10, 15), look(kA, 20, 5), look(kB, 1, 0), look(kB, 1, 0),
                      look(kA, 25, 0), look(kB, 1, 0)})
                   .has_value());
}

TEST_F(SourceProverTest, AnAcknowledgementBetweenReadingsIsNoObstacle) {
  expect_cut(judge({look(kA, 10, 15), look(kA, 10, 15), look(kB, 1, 0), look(kB, 1, 0),
                    look(kA, 25, 0), look(kB, 1, 0)}),
             25, 1);
}

TEST_F(SourceProverTest, OneMayMoveAllTheTime) {
  // B is known at its second reading, and A rests around that.
  expect_cut(judge({look(kA, 10, 5), look(kA, 10, 5), look(kB, 20, 7), look(kB, 20, 9),
                    look(kA, 10, 5), look(kB, 20, 14)}),
             15, 29);
}

TEST_F(SourceProverTest, TwoThatMoveAreNoCut) {
  expect_not(judge({look(kA, 10, 5), look(kA, 10, 6), look(kB, 20, 7), look(kB, 20, 9),
                    look(kA, 10, 8), look(kB, 20, 14)}),
             CutObstacle::moving, kB);
}

TEST_F(SourceProverTest, TheLatestMomentIsTaken) {
  expect_cut(judge({look(kA, 1, 0), look(kA, 1, 0), look(kB, 2, 0), look(kB, 2, 0), look(kA, 1, 0),
                    look(kB, 2, 0), look(kA, 1, 3), look(kA, 1, 3), look(kB, 2, 4), look(kB, 2, 4),
                    look(kA, 1, 3), look(kB, 2, 4)}),
             4, 6);
}

TEST_F(SourceProverTest, ASendQueueThatReadsNegativeOnlyBounds) {
  // An acknowledgement of 30 came between the two loads of which the queue is the difference.
  EXPECT_FALSE(judge({look(kA, 10, 0), look(kA, 40, -10), look(kB, 0, 0), look(kB, 0, 0),
                      look(kA, 45, 2), look(kB, 0, 0)})
                   .has_value());
  expect_cut(judge({look(kA, 45, 2), look(kB, 0, 0)}), 47, 0);
}

TEST_F(SourceProverTest, AMemberThatHasWrittenNothingStandsAtZero) {
  expect_cut(judge({look(kA, 0, 0), look(kB, 0, 0), look(kA, 0, 0), look(kB, 0, 0)}), 0, 0);
}

TEST_F(SourceProverTest, AFinThatMayBeThereOrNotIsNoProof) {
  const auto closing = SourceState::closing;
  expect_not(judge({look(kA, 10, 0), look(kA, 10, 1, closing), look(kB, 0, 0), look(kB, 0, 0)}),
             CutObstacle::closing, kA);
  // From the second on it is there, and no byte of the channel.
  expect_cut(judge({look(kA, 10, 1, closing), look(kA, 11, 0, closing), look(kB, 0, 0)}), 10, 0);
}

TEST_F(SourceProverTest, ASourceThatHasClosedNeedsNoReadingsAnyMore) {
  const auto closing = SourceState::closing;
  expect_cut(judge({look(kA, 10, 1, closing), look(kA, 10, 1, closing), look(kB, 0, 0)}), 10, 0);
  expect_cut(judge({look(kA, 10, 1, closing), look(kB, 5, 0), look(kB, 5, 0)}), 10, 5);
  expect_cut(judge({failed(kA, SourceState::gone), look(kB, 6, 0), look(kB, 6, 0)}), 10, 6);
}

TEST_F(SourceProverTest, AnEndThatTheLegHasReadIsAPosition) {
  expect_not(judge({failed(kA, SourceState::gone), look(kB, 0, 0), look(kB, 0, 0)}),
             CutObstacle::unreadable, kA);
  prover_.end(kA, 33);
  expect_cut(judge({look(kB, 0, 0), look(kB, 0, 0)}), 33, 0);
}

TEST_F(SourceProverTest, AMemberThatWasNotReadIsInTheWay) {
  const auto verdict = judge({look(kA, 0, 0), look(kA, 0, 0)});
  expect_not(verdict, CutObstacle::unreadable, kB);
  EXPECT_EQ(verdict.error().state, SourceState::unanswered);
  prover_.remove(kB);
  const auto alone = judge({look(kA, 0, 0), look(kA, 0, 0), look(kB, 1, 1)});
  ASSERT_TRUE(alone.has_value());
  EXPECT_EQ(*alone, (std::vector<ChannelOffset>{{kA, 0}}));
}

TEST_F(SourceProverTest, TheStateOfASocketIsSaid) {
  const auto verdict = judge({look(kA, 0, 0), failed(kB, SourceState::layered)});
  expect_not(verdict, CutObstacle::unreadable, kB);
  EXPECT_EQ(verdict.error().state, SourceState::layered);
  EXPECT_TRUE(never_readable(verdict.error().state));
}

}  // namespace
}  // namespace longthrow
