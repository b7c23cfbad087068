// SPDX-License-Identifier: Apache-2.0
// InStream, OutStream and SendSpace: the two halves of a channel.
#include <gtest/gtest.h>

#include <array>

#include "proxy/session/in_stream.h"
#include "proxy/session/send_space.h"

namespace longthrow {
namespace {

class StreamsTest : public ::testing::Test {
 protected:
  Stored stored(std::size_t bytes) {
    const std::vector<std::byte> raw(bytes, std::byte{0x11});
    return *arena_->store(Share::receive, raw);
  }
  bool insert(std::uint64_t offset, std::uint32_t bytes) {
    return in_.insert(offset, bytes, stored(bytes)).has_value();
  }
  std::uint64_t hand_over(std::size_t bytes) {
    std::array<ByteView, 8> pieces;
    (void)in_.pin(pieces, bytes);
    return in_.handed_over(bytes);
  }
  OutFrame* push(std::uint32_t bytes) {
    OutFrame* frame = pool_.take();
    frame->header.offset = out_.accepted_offset();
    frame->header.raw_bytes = frame->header.payload_bytes = bytes;
    frame->payload = stored(bytes);
    out_.push(frame);
    return frame;
  }
  void send_all(LaneId lane) {
    while (OutFrame* frame = out_.first_waiting()) {
      space_.send_first(frame, lane);
      out_.mark_numbered(frame);
    }
  }
  bool ack(std::uint64_t next, std::vector<wire::NumberRange> ranges = {}) {
    return space_.ack(next, ranges, [](OutFrame* frame) { frame->stream->on_acked(frame); })
        .has_value();
  }

  std::unique_ptr<Arena> arena_ =
      *Arena::make({.limit_bytes = 16 * kMiB, .reserve_bytes = 16 * kMiB});
  FramePool pool_;
  std::uint64_t charge_ = 0;
  OutStream out_{pool_, charge_};
  SendSpace space_;
  InStream in_;
};

TEST_F(StreamsTest, BytesThatWaitForACutBecomeReadyWithIt) {
  EXPECT_TRUE(insert(0, 100));
  EXPECT_TRUE(in_.insert(100, 50, stored(50), HandOver::by_cut).has_value());
  EXPECT_TRUE(in_.insert(150, 50, stored(50), HandOver::by_cut).has_value());
  EXPECT_TRUE(insert(200, 50));
  EXPECT_EQ(in_.ready_bytes(), 100U);
  EXPECT_EQ(in_.held_back_bytes(), 150U);
  in_.release_up_to(120);
  EXPECT_EQ(in_.ready_bytes(), 120U);
  in_.release_up_to(110);
  EXPECT_EQ(in_.ready_bytes(), 120U) << "cuts do not go back";
  in_.release_up_to(200);
  EXPECT_EQ(in_.ready_bytes(), 250U) << "what follows waits for no cut";
  EXPECT_EQ(in_.held_back_bytes(), 0U);
}

TEST_F(StreamsTest, BytesBecomeReadyInTheOrderOfTheirOffsets) {
  EXPECT_TRUE(insert(100, 50));
  EXPECT_EQ(in_.ready_bytes(), 0U);
  EXPECT_TRUE(insert(0, 100));
  EXPECT_EQ(in_.ready_bytes(), 150U);
}

TEST_F(StreamsTest, TheEndComesOnlyAfterAllBytes) {
  EXPECT_TRUE(in_.set_end(100, EndKind::fin).has_value());
  EXPECT_FALSE(in_.at_end());
  EXPECT_TRUE(insert(0, 100));
  EXPECT_FALSE(in_.at_end());
  hand_over(100);
  EXPECT_TRUE(in_.at_end());
}

TEST_F(StreamsTest, BytesThatOverlapOrLieBeyondTheEndAreThePeersError) {
  EXPECT_TRUE(insert(10, 10));
  EXPECT_FALSE(insert(15, 10));
  EXPECT_FALSE(insert(5, 6));
  EXPECT_FALSE(in_.set_end(15, EndKind::fin).has_value());
  EXPECT_TRUE(in_.set_end(20, EndKind::fin).has_value());
  EXPECT_FALSE(in_.set_end(20, EndKind::abort).has_value());
  EXPECT_FALSE(insert(20, 1));
  EXPECT_FALSE(in_.insert_blank(0, 10).has_value()) << "nothing was stopped";
}

TEST_F(StreamsTest, CreditComesBackWhenAFrameIsHandedOverWhole) {
  EXPECT_TRUE(insert(0, 5000));
  EXPECT_EQ(hand_over(4999), 0U);
  EXPECT_EQ(hand_over(1), credit_charge(5000));
  EXPECT_EQ(credit_charge(5000), 2 * kPageBytes);
}

TEST_F(StreamsTest, PinnedBytesOutliveADiscard) {
  EXPECT_TRUE(insert(0, 100));
  std::array<ByteView, 2> pieces;
  ASSERT_EQ(in_.pin(pieces, 100), 1U);
  EXPECT_EQ(in_.discard(), 0U);
  EXPECT_EQ(pieces[0].front(), std::byte{0x11});
  EXPECT_GT(arena_->used_bytes(Share::receive), 0U);
  EXPECT_EQ(in_.handed_over(40), credit_charge(100));
  EXPECT_EQ(arena_->used_bytes(Share::receive), 0U);
}

TEST_F(StreamsTest, DiscardedBytesStillCountTowardsTheEnd) {
  in_.discard();
  EXPECT_TRUE(in_.set_end(30, EndKind::abort).has_value());
  EXPECT_TRUE(in_.insert_blank(10, 20).has_value());
  EXPECT_TRUE(insert(0, 10));
  EXPECT_EQ(in_.discard(), 2 * credit_charge(10));
  EXPECT_TRUE(in_.at_end());
}

// A stopped stream is told of bytes far ahead of the rest: throwing away costs only what it frees.
TEST_F(StreamsTest, WhatIsHeldIsChargedUntilItIsThrownAway) {
  constexpr std::uint64_t kFar = std::uint64_t{1} << 50;
  EXPECT_TRUE(insert(50, 10));
  EXPECT_TRUE(insert(0, 10));
  EXPECT_EQ(in_.held_charge_bytes(), 2 * kPageBytes);
  EXPECT_EQ(in_.discard(), kPageBytes);
  EXPECT_EQ(arena_->used_bytes(Share::receive), 0U);
  for (std::uint64_t i = 100'000; i > 0; --i) {
    ASSERT_TRUE(in_.insert_blank(kFar + 2 * i, 1).has_value());
    ASSERT_EQ(in_.discard(), 0U);
  }
  EXPECT_EQ(in_.held_charge_bytes(), 100'001 * kPageBytes);
  EXPECT_FALSE(in_.insert_blank(10, 0).has_value()) << "stands for nothing";
  EXPECT_TRUE(in_.insert_blank(10, 40).has_value());
  EXPECT_EQ(in_.discard(), 2 * kPageBytes);
  EXPECT_EQ(in_.contiguous_offset(), 60U);
}

TEST_F(StreamsTest, FramesInDescendingOrderBecomeReadyTogether) {
  for (std::uint64_t i = 9; i > 0; --i) EXPECT_TRUE(insert(i * 10, 10));
  EXPECT_EQ(in_.ready_bytes(), 0U);
  EXPECT_FALSE(insert(25, 1)) << "is held already";
  EXPECT_TRUE(insert(0, 10));
  EXPECT_EQ(in_.ready_bytes(), 100U);
}

TEST_F(StreamsTest, AcknowledgedFramesGiveTheirMemoryBackInAnyOrder) {
  push(100);
  push(200);
  send_all(1);
  EXPECT_TRUE(ack(0, {{1, 1}}));
  EXPECT_EQ(out_.received_offset(), 0U);
  EXPECT_EQ(out_.stored_raw_bytes(), 100U);
  EXPECT_TRUE(ack(2));
  EXPECT_EQ(out_.received_offset(), 300U);
  EXPECT_EQ(charge_, 0U);
}

TEST_F(StreamsTest, AnAcknowledgementOfWhatWasNeverSentIsThePeersError) {
  push(100);
  send_all(1);
  EXPECT_FALSE(ack(2));
  EXPECT_FALSE(ack(0, {{1, 1}}));
  EXPECT_TRUE(ack(1));
}

TEST_F(StreamsTest, OnlyWhatWasUnderWayOnALostLaneIsSentAgain) {
  push(1);
  send_all(1);
  OutFrame* second = push(1);
  send_all(2);
  EXPECT_EQ(space_.on_lane_down(2), 1U);
  EXPECT_EQ(space_.first_lost(), second);
  space_.send_again(second, 3);
  EXPECT_EQ(space_.first_lost(), nullptr);
  EXPECT_TRUE(ack(2));
}

TEST_F(StreamsTest, ALostFrameThatIsAcknowledgedAfterAllIsNotSentAgain) {
  push(1);
  send_all(1);
  space_.on_lane_down(1);
  EXPECT_TRUE(ack(1));
  EXPECT_EQ(space_.first_lost(), nullptr);
}

TEST_F(StreamsTest, AStoppedStreamKeepsItsNumbersAsBlanksAndForgetsTheRest) {
  OutFrame* sent = push(100);
  send_all(1);
  push(50);
  out_.drop_backlog();
  EXPECT_EQ(out_.first_waiting(), nullptr);
  EXPECT_EQ(out_.accepted_offset(), 100U);
  EXPECT_EQ(sent->header.kind, wire::FrameKind::blank);
  EXPECT_EQ(out_.stored_raw_bytes(), 0U);
  EXPECT_TRUE(ack(1));
  EXPECT_TRUE(out_.empty());
}

}  // namespace
}  // namespace longthrow
