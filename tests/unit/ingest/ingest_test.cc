// SPDX-License-Identifier: Apache-2.0
#include "proxy/ingest/ingest.h"

#include <gtest/gtest.h>

#include "tests/unit/ingest/ingest_fixture.h"

namespace longthrow {
namespace {

using namespace std::chrono_literals;

// --- who may read

TEST_F(IngestTest, AnIdleStreamOwnsNoMemory) {
  const std::size_t free = sides_[0].arena->staging_slabs_free();
  Leg& leg = open_leg();
  EXPECT_EQ(sides_[0].arena->staging_slabs_free(), free);
  EXPECT_FALSE(leg.stream.oldest_at().has_value());
  give(leg, 100);
  EXPECT_EQ(sides_[0].arena->staging_slabs_free(), free - 1);
}

TEST_F(IngestTest, AStreamThatFoundNoSlabIsToldWhenOneIsFree) {
  Leg& first = open_leg();
  std::vector<Slab> others;
  ASSERT_EQ(give(first, 100), 100U);
  while (sides_[0].arena->staging_slabs_free() > 0)
    others.push_back(sides_[0].arena->take_staging());
  Leg& second = open_leg();
  EXPECT_EQ(give(second, 100), 0U);
  EXPECT_TRUE(first.stream.has_block()) << "its partial block is closed: that frees a slab soon";
  others.clear();
  ingest_->serve_waiting();
  EXPECT_EQ(second.slabs_told, 1);
  EXPECT_EQ(give(second, 100), 100U);
  ingest_->serve_waiting();
  EXPECT_EQ(second.slabs_told, 1) << "told once";
}

TEST_F(IngestTest, TheTimeIsCountedFromTheReadThatFoundNoRoomToTheRoomThatNoReadAskedFor) {
  Leg& leg = open_leg();
  const TimePoint begin = now_;
  const auto at = [begin](int s) { return begin + std::chrono::seconds(s); };
  outlook_.up = false;
  outlook_.now = at(1);
  std::vector<Stored> others;
  const std::vector<std::byte> bytes(kSlabBytes);
  while (auto stored = sides_[0].arena->store(Share::send, bytes))
    others.push_back(std::move(*stored));
  EXPECT_EQ(ingest_->share().full_time(at(2)), 0s) << "nobody asked for room";
  outlook_.now = at(3);
  EXPECT_EQ(give(leg, 100), 0U);
  EXPECT_EQ(ingest_->share().full_time(at(10)), 7s);
  ingest_->forget(leg.stream);
  others.clear();
  outlook_.now = at(20);
  ingest_->serve_waiting();
  EXPECT_EQ(ingest_->share().full_time(at(99)), 17s);
}

TEST_F(IngestTest, AForgottenStreamIsNotToldAnyMore) {
  std::vector<Slab> all;
  while (sides_[0].arena->staging_slabs_free() > 0) all.push_back(sides_[0].arena->take_staging());
  Leg& leg = open_leg();
  EXPECT_EQ(give(leg, 100), 0U);
  ingest_->forget(leg.stream);
  all.clear();
  ingest_->serve_waiting();
  EXPECT_EQ(leg.slabs_told, 0);
}

TEST_F(IngestTest, AGroupWithoutCreditFillsItsShareAndNoMore) {
  ingest_->set_groups({{"g", {.share = kMiB}}});
  Leg& leg = open_leg();
  outlook_.bulk_has_room = true;
  std::uint64_t taken = 0;
  for (int i = 0; i < 100; ++i) {
    while (alpha().poll_bulk_frame(kBulk).frame != nullptr) {
    }
    taken += give(leg, kSlabBytes);
    ingest_->make_frames();
  }
  // What is under way of its credit is stored, too.
  EXPECT_GE(taken, kMiB);
  EXPECT_LE(taken, 3 * kMiB);
  Leg& other = open_leg("r1");
  EXPECT_GT(give(other, kSlabBytes), 0U) << "the other group reads on";
}

// --- when a block is closed

TEST_F(IngestTest, AFullBlockIsClosedAPartialOneWaits) {
  Leg& leg = open_leg();
  give(leg, kSlabBytes / 2);
  EXPECT_FALSE(leg.stream.has_block());
  EXPECT_EQ(partials_told_, 1);
  give(leg, kSlabBytes / 2);
  EXPECT_TRUE(leg.stream.has_block());
  ingest_->make_frames();
  EXPECT_TRUE(leg.stream.all_framed());
  EXPECT_EQ(leg.blocks_done, 1);
  EXPECT_TRUE(arrives(leg));
}

TEST_F(IngestTest, ALaneWithNothingToSendTakesWhatThereIs) {
  Leg& older = open_leg();
  Leg& newer = open_leg();
  give(older, 10);
  give(newer, 20);
  EXPECT_TRUE(ingest_->close_oldest_partial());
  EXPECT_TRUE(older.stream.has_block());
  EXPECT_FALSE(newer.stream.has_block());
  EXPECT_TRUE(ingest_->close_oldest_partial());
  EXPECT_FALSE(ingest_->close_oldest_partial());
}

TEST_F(IngestTest, AnIdleLinkTakesEachReadAtOnce) {
  outlook_.bulk_has_room = true;
  Leg& leg = open_leg();
  give(leg, 10);
  EXPECT_TRUE(leg.stream.has_block());
}

TEST_F(IngestTest, APartialBlockWaitsNoLongerThanItsAge) {
  Leg& leg = open_leg();
  give(leg, 10);
  ASSERT_TRUE(ingest_->partials_wait());
  ingest_->close_old_partials(now_ + Ingest::kPartialAge - 1ms);
  EXPECT_FALSE(leg.stream.has_block());
  ingest_->close_old_partials(now_ + Ingest::kPartialAge);
  EXPECT_TRUE(leg.stream.has_block());
  EXPECT_FALSE(ingest_->partials_wait());
}

TEST_F(IngestTest, AnOldPartialBehindFramesOfItsStreamWaitsOn) {
  Leg& leg = open_leg();
  give(leg, kSlabBytes);
  ingest_->make_frames();
  give(leg, 10);
  ingest_->close_old_partials(now_ + 1h);
  EXPECT_FALSE(leg.stream.has_block()) << "the frame before it waits for its turn anyway";
  talk();
  ingest_->close_old_partials(now_ + 1h);
  EXPECT_TRUE(leg.stream.has_block());
}

TEST_F(IngestTest, ABlockIsNotClosedUnderTheReceiveThatFillsIt) {
  Leg& leg = open_leg();
  give(leg, 10);
  ASSERT_FALSE(leg.stream.open_block().empty());
  EXPECT_FALSE(ingest_->close_oldest_partial());
  leg.stream.drop_blocks();
  EXPECT_EQ(leg.stream.unframed_bytes(), 10U) << "the kernel may still write there";
  leg.stream.end_receive();
  leg.stream.give_back_open_block();
  EXPECT_EQ(leg.stream.unframed_bytes(), 0U);
}

// --- sessions end

TEST_F(IngestTest, WhatADetachedStreamHadUnderWayIsDroppedAndItsMemoryIsFree) {
  set_up(2);
  const std::size_t used = sides_[0].arena->used_bytes(Share::send);
  Leg& leg = open_leg();
  give(leg, kSlabBytes);
  give(leg, kSlabBytes);
  ingest_->make_frames();
  ASSERT_EQ(workers_->held(), 2U);
  give(leg, 5);
  ingest_->end_session();
  leg.stream.detach();
  leg.stream.drop_blocks();
  EXPECT_TRUE(leg.stream.jobs_under_way());
  workers_->finish_all();
  EXPECT_TRUE(leg.stream.all_framed());
  EXPECT_EQ(leg.blocks_done, 2);
  EXPECT_EQ(leg.stream.unframed_bytes(), 0U);
  EXPECT_EQ(sides_[0].arena->used_bytes(Share::send), used);
  EXPECT_EQ(ingest_->frames().made().raw_bytes, 0U);
}

}  // namespace
}  // namespace longthrow
