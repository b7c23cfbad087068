// SPDX-License-Identifier: Apache-2.0
// The two connections of a DRBD connection, as their guides see them.
#include "proxy/drbd/drbd_route.h"

#include <gtest/gtest.h>

#include <list>

#include "proxy/base/log.h"
#include "tests/unit/drbd/packets.h"

namespace longthrow::drbd {
namespace {

using test::Bytes;
using test::features;
using test::operator+;
using test::packet100;
using test::packet80;

struct FakeChannel final : StreamHost {
  [[nodiscard]] std::uint64_t channel_id() const override { return id; }
  [[nodiscard]] bool open_at_both_ends() const override { return !ended && !closed && !stopped; }
  [[nodiscard]] bool has_ended() const override { return ended || closed; }
  [[nodiscard]] bool leg_closed() const override { return closed; }
  void end_soon(const LossCause& cause) override { told_to_end = cause.reason; }

  std::uint64_t id = 0;
  bool ended = false;    // its leg has said its last
  bool closed = false;   // its leg
  bool stopped = false;  // the peer has said an end of it
  std::optional<LossReason> told_to_end;
  std::unique_ptr<StreamGuide> guide;
};

class Pair : public ::testing::Test {
 protected:
  Pair() { configure(AnswerPings::outage); }
  void configure(AnswerPings answer) { route_->configure({.answer_pings = answer}); }
  FakeChannel& open(Command first, Opener opener = Opener::here) {
    FakeChannel& channel = channels_.emplace_back();
    channel.id = channels_.size();
    channel.guide = route_->guide(channel, opener);
    const Bytes packet = packet80(first);
    if (opener == Opener::here) {
      channel.guide->on_given(packet, now_);
    } else {
      channel.guide->on_handed_over(packet, now_);
    }
    return channel;
  }
  void give(FakeChannel& channel, const Bytes& bytes) { channel.guide->on_given(bytes, now_); }
  void hand_over(FakeChannel& channel, const Bytes& bytes) {
    channel.guide->on_handed_over(bytes, now_);
  }
  void shake_hands(FakeChannel& channel) {
    give(channel, features(101));
    hand_over(channel, features(101));
  }
  void make_pair() {
    data = &open(Command::initial_data);
    meta = &open(Command::initial_meta);
    shake_hands(*data);
  }
  void close(FakeChannel& channel) {
    channel.closed = true;
    EXPECT_TRUE(channel.guide->concerns_others());
    channel.guide->on_end();
  }
  DrbdStatus status() {
    RouteStatus status;
    route_->fill(status, now_);
    return *status.drbd;
  }

  std::shared_ptr<DrbdRoute> route_ = std::make_shared<DrbdRoute>();
  std::list<FakeChannel> channels_;
  FakeChannel* data = nullptr;
  FakeChannel* meta = nullptr;
  TimePoint now_{};
};

TEST_F(Pair, FormsWhenFeaturesHavePassedBothWays) {
  data = &open(Command::initial_data);
  meta = &open(Command::initial_meta);
  give(*data, features(101));
  EXPECT_FALSE(status().paired);
  hand_over(*data, features(101));
  EXPECT_TRUE(status().paired);
  EXPECT_EQ(route_->poll_line(), "DRBD's connection: data channel 1, meta channel 2");
  EXPECT_EQ(route_->poll_line(), "");
}

TEST_F(Pair, OnlyTheMetaStreamWantsTheExpressLane) {
  make_pair();
  EXPECT_TRUE(meta->guide->wants_express());
  EXPECT_FALSE(data->guide->wants_express());
  EXPECT_EQ(meta->guide->carries(), StreamGuide::Carries::control);
  EXPECT_EQ(data->guide->carries(), StreamGuide::Carries::copy);
}

TEST_F(Pair, TakesTheNewestMetaStreamThatIsOpenAtBothEnds) {
  open(Command::initial_meta);
  FakeChannel& second = open(Command::initial_meta, Opener::peer);
  open(Command::initial_meta).stopped = true;
  shake_hands(open(Command::initial_data));
  EXPECT_EQ(route_->poll_line(),
            format("DRBD's connection: data channel 4, meta channel {}", second.id));
}

TEST_F(Pair, EndOfAMetaStreamThatWasNotItsMakesItTakeTheOther) {
  FakeChannel& right = open(Command::initial_meta);
  FakeChannel& wrong = open(Command::initial_meta);
  data = &open(Command::initial_data);
  shake_hands(*data);
  close(wrong);
  EXPECT_FALSE(data->told_to_end);
  (void)route_->poll_line();
  EXPECT_EQ(route_->poll_line(),
            format("DRBD's connection: data channel 3, meta channel {}", right.id));
}

TEST_F(Pair, EndOfOneEndsTheOther) {
  make_pair();
  close(*data);
  EXPECT_EQ(meta->told_to_end, LossReason::pair_ended);
}

// DRBD may keep such a connection for ever while it connects, and the route would stay closed.
TEST_F(Pair, AMetaStreamWhosePeerHasClosedItEndsAlthoughItHasNoPartner) {
  FakeChannel& orphan = open(Command::initial_meta, Opener::peer);
  FakeChannel& in_use = open(Command::initial_meta);
  FakeChannel& other = open(Command::initial_data, Opener::peer);
  for (FakeChannel* channel : {&orphan, &in_use, &other}) channel->guide->on_end_given();
  EXPECT_EQ(orphan.told_to_end, LossReason::pair_ended);
  EXPECT_FALSE(in_use.told_to_end) << "its program speaks on it, and ends it";
  EXPECT_FALSE(other.told_to_end) << "it may still be handing over a backlog";
}

TEST_F(Pair, MetaStreamsEndIsHeldUntilTheDataStreamIsClosed) {
  make_pair();
  EXPECT_TRUE(meta->guide->holds_end());
  EXPECT_FALSE(data->guide->holds_end());
  data->ended = true;
  EXPECT_TRUE(meta->guide->holds_end());
  data->closed = true;
  EXPECT_FALSE(meta->guide->holds_end());
}

TEST_F(Pair, WhatWasHandedOverIsAppliedWhenItsBarriersAreAcknowledged) {
  make_pair();
  hand_over(*data, packet100(Command::data, 0, 24 + 512) + packet100(Command::barrier, 0, 8));
  EXPECT_EQ(data->guide->applied(), StreamGuide::Applied::no);
  give(*meta, packet80(Command::barrier_ack, 8));
  EXPECT_EQ(data->guide->applied(), StreamGuide::Applied::yes);
  hand_over(*data, packet100(Command::data, 0, 24 + 512));
  EXPECT_EQ(data->guide->applied(), StreamGuide::Applied::unknown) << "a write without a barrier";
}

TEST_F(Pair, NothingMoreIsHeardOfBarriersWhenTheMetaStreamHasEnded) {
  make_pair();
  hand_over(*data, packet100(Command::barrier, 0, 8));
  meta->ended = true;
  EXPECT_EQ(data->guide->applied(), StreamGuide::Applied::unknown);
}

TEST_F(Pair, NewOneMayNotBeginWhileAnOldOneEnds) {
  make_pair();
  EXPECT_TRUE(route_->may_open());
  data->ended = true;
  EXPECT_FALSE(route_->may_open());
  data->closed = meta->closed = true;
  data->guide->retire();
  meta->guide->retire();
  EXPECT_TRUE(route_->may_open());
}

TEST_F(Pair, BarriersAreThoseOfTheDataStreamAndItsMetaStreamsAnswers) {
  make_pair();
  give(*data, packet100(Command::data, 0, 24 + 512) + packet100(Command::barrier, 0, 8) +
                  packet100(Command::data, 0, 24 + 512));
  hand_over(*meta, packet80(Command::barrier_ack, 8));
  ASSERT_TRUE(data->guide->barriers());
  EXPECT_EQ(data->guide->barriers()->given, 1U);
  EXPECT_TRUE(data->guide->barriers()->one_follows);
  EXPECT_EQ(data->guide->barriers()->acknowledged, 1U);
  EXPECT_FALSE(meta->guide->barriers());
}

TEST_F(Pair, OnlyBlocksChangeTheCopy) {
  make_pair();
  give(*data, packet100(Command::resync_data, 0, 24 + 4096));
  hand_over(*data, packet100(Command::data, 0, 24 + 512));
  ASSERT_TRUE(data->guide->changes());
  EXPECT_EQ(data->guide->changes()->given_bytes, 4096U);
  EXPECT_EQ(data->guide->changes()->handed_bytes, 512U);
}

TEST_F(Pair, PingsAreAnsweredOnlyIfTheAdministratorWantsIt) {
  make_pair();
  give(*meta, packet100(Command::ping, kNoVolume, 0));
  configure(AnswerPings::never);
  EXPECT_TRUE(meta->guide->answer().empty());
  configure(AnswerPings::outage);
  EXPECT_FALSE(meta->guide->answer().empty());
  EXPECT_TRUE(meta->guide->answer().empty());  // it had one answer
  EXPECT_EQ(status().pings_answered, 1U);
}

TEST_F(Pair, PeersLateAnswerIsLeftOut) {
  make_pair();
  give(*meta, packet100(Command::ping, kNoVolume, 0));
  (void)meta->guide->answer();
  ASSERT_TRUE(meta->guide->leaves_out());
  const Bytes late = packet100(Command::ping_ack, kNoVolume, 0);
  const ByteView piece(late);
  const StreamGuide::Step step = meta->guide->next(std::span(&piece, 1));
  EXPECT_EQ(step.write_bytes, 0U);
  EXPECT_EQ(step.skip_bytes, late.size());
  meta->guide->on_left_out(std::span(&piece, 1));
  EXPECT_FALSE(meta->guide->leaves_out());
}

TEST_F(Pair, NumbersStayWhenItsChannelsAreForgottenUntilTheRouteLeaves) {
  make_pair();
  give(*data, packet100(Command::data, 0, 24 + 512));
  data->guide->retire();
  EXPECT_EQ(status().sent.volumes.at(0).write_bytes, 512U);
  route_->forget_past();
  EXPECT_TRUE(status().sent.volumes.empty());
}

TEST_F(Pair, GuidesMayOutliveTheirRoute) {
  make_pair();
  route_.reset();
  EXPECT_TRUE(meta->guide->holds_end());
  data->guide->retire();
  EXPECT_FALSE(meta->guide->holds_end());
}

}  // namespace
}  // namespace longthrow::drbd
