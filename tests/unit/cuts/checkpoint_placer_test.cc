// SPDX-License-Identifier: Apache-2.0
#include "proxy/cuts/checkpoint_placer.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kA = 7;
constexpr std::uint64_t kB = 9;

// Two sources, each of which has written so much and of which so much was received.
class CheckpointPlacerTest : public ::testing::Test {
 protected:
  struct Stream {
    std::uint64_t acknowledged = 0;
    std::int32_t queued = 0;
    std::uint64_t received = 0;
    SourceState state = SourceState::open;
  };
  void begin(CheckpointPlacer::Sources sources) {
    placer_.emplace(sources);
    placer_->set_members({{kA, {}}, {kB, {}}});
  }
  std::optional<Cut> look(milliseconds at) {
    std::vector<SourceReading> readings;
    for (int i = 0; i < 3; ++i) {
      for (const auto& [channel, stream] : {std::pair{kA, a_}, std::pair{kB, b_}})
        readings.push_back({.channel = channel,
                            .state = stream.state,
                            .acknowledged = stream.acknowledged,
                            .queued = stream.queued});
    }
    const TimePoint now = TimePoint{} + at;
    return placer_->on_look({.began = now,
                             .ended = now,
                             .readings = readings,
                             .received = {{kA, a_.received}, {kB, b_.received}}});
  }
  Stream a_{.acknowledged = 100, .received = 100};
  Stream b_{.acknowledged = 50, .received = 50};
  std::optional<CheckpointPlacer> placer_;
};

TEST_F(CheckpointPlacerTest, OfRunningSourcesTheFirstProvenMomentIsTheCut) {
  begin(CheckpointPlacer::Sources::run);
  a_.queued = 20;
  const auto cut = look(milliseconds(1));
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->proof, Proof::source);
  EXPECT_EQ(cut->offsets, (std::vector<ChannelOffset>{{kA, 120}, {kB, 50}}))
      << "what waits in the source's socket is written, too";
}

TEST_F(CheckpointPlacerTest, OneStreamIsCutAtOnceThoughItsSourceIsFarAway) {
  begin(CheckpointPlacer::Sources::run);
  placer_->set_members({{kA, {}}});
  const auto cut = placer_->on_look({.received = {{kA, 100}}});
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->proof, Proof::source);
}

TEST_F(CheckpointPlacerTest, OfSourcesElsewhereTwoLooksThatAgreeAreAnObservedCut) {
  begin(CheckpointPlacer::Sources::run);
  a_.state = b_.state = SourceState::elsewhere;
  EXPECT_FALSE(look(milliseconds(1)));
  b_.received = 60;
  EXPECT_FALSE(look(milliseconds(2)));
  EXPECT_FALSE(placer_->obstacle().empty());
  const auto cut = look(milliseconds(3));
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->proof, Proof::observed);
  EXPECT_EQ(cut->as_of, TimePoint{} + milliseconds(2));
}

TEST_F(CheckpointPlacerTest, StandingSourcesMustRest) {
  begin(CheckpointPlacer::Sources::stand);
  EXPECT_FALSE(look(milliseconds(0)));
  EXPECT_FALSE(look(milliseconds(249)));
  b_.acknowledged = b_.received = 51;
  EXPECT_FALSE(look(milliseconds(260))) << "it has moved: the rest begins anew";
  EXPECT_FALSE(look(milliseconds(509)));
  const auto cut = look(milliseconds(510));
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->proof, Proof::freeze);
  EXPECT_EQ(cut->offsets, (std::vector<ChannelOffset>{{kA, 100}, {kB, 51}}));
}

TEST_F(CheckpointPlacerTest, BytesInASendQueueAreNotHere) {
  begin(CheckpointPlacer::Sources::stand);
  a_.queued = 1;
  EXPECT_FALSE(look(milliseconds(0)));
  EXPECT_FALSE(look(milliseconds(1000)));
  EXPECT_EQ(placer_->obstacle(), "bytes of its sources are still on their way to this node");
  a_ = {.acknowledged = 101, .received = 101};
  EXPECT_FALSE(look(milliseconds(1100)));
  EXPECT_TRUE(look(milliseconds(1350)));
}

TEST_F(CheckpointPlacerTest, WhereAStandingSourceCannotBeReadNothingIsProven) {
  begin(CheckpointPlacer::Sources::stand);
  b_.state = SourceState::elsewhere;
  EXPECT_FALSE(look(milliseconds(0)));
  const auto cut = look(milliseconds(250));
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->proof, Proof::observed);
}

TEST_F(CheckpointPlacerTest, AChangeOfTheMembersBeginsAnew) {
  begin(CheckpointPlacer::Sources::stand);
  EXPECT_FALSE(look(milliseconds(0)));
  placer_->set_members({{kA, {}}, {kB, 50}});
  EXPECT_FALSE(look(milliseconds(300)));
  EXPECT_TRUE(look(milliseconds(550)));
}

}  // namespace
}  // namespace longthrow
