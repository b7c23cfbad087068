// SPDX-License-Identifier: Apache-2.0
#include "proxy/ingest/frame_maker.h"

#include <gtest/gtest.h>

#include "tests/unit/ingest/ingest_fixture.h"

namespace longthrow {
namespace {

class FrameMakerTest : public IngestTest {
 protected:
  [[nodiscard]] std::size_t used() const { return sides_[0].arena->used_bytes(Share::send); }
  // The send share is spent, but for less than one slab.
  void spend_all() {
    const std::vector<std::byte> bytes(kSlabBytes, std::byte{1});
    while (auto stored = sides_[0].arena->store(Share::send, bytes))
      spent_.push_back(std::move(*stored));
  }
  std::vector<Stored> spent_;
};

TEST_F(FrameMakerTest, FramesAreInOrderWhateverTheOrderOfTheWorkers) {
  set_up(2);
  Leg& leg = open_leg();
  for (int i = 0; i < 4; ++i) give(leg, kSlabBytes);
  ingest_->make_frames();
  ASSERT_EQ(workers_->held(), 4U);
  workers_->finish_last();
  workers_->finish_last();
  EXPECT_EQ(leg.blocks_done, 0) << "the first one is not done";
  workers_->finish_all();
  EXPECT_EQ(leg.blocks_done, 4);
  EXPECT_TRUE(arrives(leg));
}

TEST_F(FrameMakerTest, TheJobsOfTheNodeBoundWhatIsWithWorkers) {
  set_up(1);
  Leg& leg = open_leg();
  for (int i = 0; i < 6; ++i) give(leg, kSlabBytes);
  ingest_->make_frames();
  EXPECT_EQ(workers_->held(), 4U);
  EXPECT_TRUE(ingest_->frames().is_short_of_workers());
  workers_->finish_all();
  ingest_->make_frames();
  workers_->finish_all();
  EXPECT_FALSE(ingest_->frames().is_short_of_workers());
  EXPECT_TRUE(arrives(leg));
}

TEST_F(FrameMakerTest, TheSmallBlockOfAQuietStreamIsFramedBeforeBulk) {
  Leg& bulk = open_leg();
  Leg& quiet = open_leg();
  give(bulk, kSlabBytes);
  give(bulk, kSlabBytes);
  give(quiet, 10);
  quiet.stream.close_block();
  auto little = sides_[0].arena->store(Share::send, std::vector<std::byte>(4 * kPageBytes));
  spend_all();
  little.reset();  // no frame of a slab fits, and a small one does
  ingest_->make_frames();
  EXPECT_EQ(quiet.blocks_done, 1);
  EXPECT_EQ(bulk.blocks_done, 0);
}

TEST_F(FrameMakerTest, AFrameThatIsDoneWaitsForMemoryAndKeepsItsPlace) {
  set_up(2);
  Leg& leg = open_leg();
  give(leg, kSlabBytes / 2);
  leg.stream.close_block();
  give(leg, kSlabBytes / 4);
  leg.stream.close_block();
  ingest_->make_frames();
  spend_all();
  workers_->finish_all();
  EXPECT_EQ(leg.blocks_done, 0);
  ingest_->frames().store_parked();
  EXPECT_EQ(leg.blocks_done, 0) << "there is still none";
  spent_.clear();
  ingest_->frames().store_parked();
  EXPECT_EQ(leg.blocks_done, 2);
  EXPECT_TRUE(arrives(leg));
}

TEST_F(FrameMakerTest, CompressedOrNotTheBytesComeBackAsTheyWere) {
  for (const CodecSpec spec :
       {CodecSpec{}, CodecSpec{CodecId::lz4, 1}, CodecSpec{CodecId::zstd, 3}}) {
    set_up(0);
    ingest_->frames().compression().set({.automatic = false, .fixed = spec});
    Leg& leg = open_leg();
    give(leg, kSlabBytes);
    ingest_->make_frames();
    const OutFrame& frame = *leg.stream.core().out.first_waiting();
    EXPECT_EQ(frame.header.raw_bytes, kSlabBytes);
    EXPECT_EQ(frame.header.codec, spec.id);
    std::vector<std::byte> payload(frame.payload.size_bytes());
    frame.payload.copy_to(payload);
    FrameDecoder decoder;
    wire::FrameHeader header = frame.header;
    const auto raw = decoder.decode(header, payload);
    ASSERT_TRUE(raw.has_value());
    for (std::size_t i = 0; i < raw->size(); ++i) ASSERT_EQ((*raw)[i], byte_at(i));
    header.offset += 1;
    EXPECT_FALSE(decoder.decode(header, payload)) << "right bytes in the wrong place";
    header = frame.header;
    for (std::size_t i = 0; i < 8; ++i) payload[payload.size() / 2 + i] ^= std::byte{0xff};
    EXPECT_FALSE(decoder.decode(header, payload)) << "some bytes are wrong";
    payload.resize(payload.size() / 2);
    EXPECT_FALSE(decoder.decode(header, payload)) << "half of it is missing";
  }
}

TEST_F(FrameMakerTest, BlocksThatJobsHoldGoBackWithTheIngest) {
  set_up(2);
  Leg& leg = open_leg();
  give(leg, kSlabBytes);
  ingest_->make_frames();
  ASSERT_EQ(jobs_->busy(), 1U);
  legs_.clear();
  sides_[0].session.reset();
  ingest_.reset();
  EXPECT_EQ(jobs_->busy(), 0U);
  EXPECT_EQ(sides_[0].arena->staging_slabs_free(), sides_[0].arena->staging_slabs());
  workers_ = std::make_unique<HeldWorkers>(0);  // they died with the process
}

}  // namespace
}  // namespace longthrow
