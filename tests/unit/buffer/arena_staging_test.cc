// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>

#include "tests/unit/buffer/arena_fixture.h"

namespace longthrow {
namespace {

class ArenaStaging : public ArenaTest {
 protected:
  Slab take(std::uint32_t seed = 0) {
    Slab slab = arena_->take_staging();
    EXPECT_TRUE(slab.valid());
    const auto bytes = pattern(kSlabBytes, seed);
    std::memcpy(slab.bytes().data(), bytes.data(), bytes.size());
    return slab;
  }
};

TEST_F(ArenaStaging, SetIsASixteenthOfTheLimitBetweenFourAndSixtyFourSlabs) {
  EXPECT_EQ(arena_->staging_slabs(), 4u);
  make(32 * kMiB);
  EXPECT_EQ(arena_->staging_slabs(), 8u);
  make(1 * kGiB);
  EXPECT_EQ(arena_->staging_slabs(), 64u);
}

TEST_F(ArenaStaging, SetIsChargedToTheSendShareWhetherLentOrNot) {
  EXPECT_EQ(arena_->used_bytes(Share::send), 4 * kSlabBytes);
  const Slab slab = take();
  EXPECT_EQ(slab.bytes().size(), kSlabBytes);
  EXPECT_EQ(arena_->used_bytes(Share::send), 4 * kSlabBytes);
}

TEST_F(ArenaStaging, ExhaustedSetLendsNothingUntilASlabComesBack) {
  std::vector<Slab> lent;
  for (int i = 0; i < 4; ++i) lent.push_back(take());
  EXPECT_EQ(arena_->staging_slabs_free(), 0u);
  EXPECT_FALSE(arena_->take_staging().valid());
  const std::byte* address = lent.back().bytes().data();
  lent.pop_back();
  EXPECT_EQ(take().bytes().data(), address);  // the hottest first
}

TEST_F(ArenaStaging, ReadingGoesOnWhenEveryPageIsTaken) {
  fill(Share::send, kPageBytes);
  fill(Share::receive, kPageBytes);
  EXPECT_EQ(arena_->staging_slabs_free(), 4u);
  EXPECT_TRUE(arena_->take_staging().valid());
}

TEST_F(ArenaStaging, KeptSlabStaysWhereItIsAndTheSetIsRefilled) {
  Slab slab = take(5);
  const std::byte* address = slab.bytes().data();
  const auto kept = arena_->keep(slab, 200'000);
  ASSERT_TRUE(kept);
  EXPECT_FALSE(slab.valid());
  EXPECT_EQ(kept->size_bytes(), 200'000u);
  EXPECT_EQ(kept->charge_bytes(), kSlabBytes);
  EXPECT_EQ(arena_->used_bytes(Share::send), 5 * kSlabBytes);
  EXPECT_EQ(arena_->staging_slabs_free(), 4u);
  std::array<ByteView, 2> views;
  ASSERT_EQ(kept->pieces(1000, views), 1u);
  EXPECT_EQ(views[0].data(), address + 1000);
  EXPECT_EQ(views[0].size(), 199'000u);
}

TEST_F(ArenaStaging, KeptBytesSurviveUseOfTheRefilledSet) {
  Slab slab = take(5);
  const auto kept = arena_->keep(slab, kSlabBytes);
  ASSERT_TRUE(kept);
  std::vector<Slab> lent;
  for (std::uint32_t i = 0; i < 4; ++i) lent.push_back(take(100 + i));
  EXPECT_EQ(content(*kept), pattern(kSlabBytes, 5));
}

TEST_F(ArenaStaging, KeepRefusesWithoutRoomInTheShareAndLeavesTheSlab) {
  fill(Share::send, kPageBytes);
  stored_.resize(stored_.size() - 63);
  Slab slab = take(9);
  EXPECT_FALSE(arena_->keep(slab, kSlabBytes).has_value());
  ASSERT_TRUE(slab.valid());
  const auto stored = arena_->store(Share::send, slab.bytes().first(63 * kPageBytes));
  ASSERT_TRUE(stored);
  EXPECT_EQ(content(*stored), pattern(63 * kPageBytes, 9));
}

TEST_F(ArenaStaging, KeepRefusesWhenPagesHoldEverySlabThoughTheShareHasRoom) {
  fill(Share::send, kPageBytes);
  fill(Share::receive, kPageBytes);
  free_every_second();  // every slab is split now, and half empty
  ASSERT_GT(send_room(), kSlabBytes);
  Slab slab = take();
  EXPECT_FALSE(arena_->keep(slab, kSlabBytes).has_value());
  EXPECT_TRUE(slab.valid());
  EXPECT_TRUE(arena_->store(Share::send, slab.bytes()).has_value());
}

TEST_F(ArenaStaging, SendShareCanBeFilledWithKeptSlabs) {
  while (true) {
    Slab slab = take();
    auto kept = arena_->keep(slab, kSlabBytes);
    if (!kept) break;
    stored_.push_back(std::move(*kept));
  }
  EXPECT_EQ(stored_.size(), 8u);
  EXPECT_EQ(send_room(), 0u);
  arena_->check_invariants();
}

TEST_F(ArenaStaging, MovedSlabIsReturnedOnce) {
  Slab first = take();
  Slab second = std::move(first);
  second = take();
  EXPECT_EQ(arena_->staging_slabs_free(), 3u);
  first.release();
  second.release();
  EXPECT_EQ(arena_->staging_slabs_free(), 4u);
}

TEST_F(ArenaStaging, SetFollowsTheLimitBothWays) {
  make(32 * kMiB, 256 * kMiB);
  set_limit(256 * kMiB);
  EXPECT_EQ(arena_->staging_slabs(), 64u);
  EXPECT_EQ(arena_->used_bytes(Share::send), 64 * kSlabBytes);
  set_limit(4 * kMiB);
  EXPECT_EQ(arena_->staging_slabs(), 4u);
  EXPECT_EQ(arena_->used_bytes(Share::send), 4 * kSlabBytes);
}

TEST_F(ArenaStaging, LentSlabsLeaveAShrunkenSetWhenTheyComeBack) {
  make(32 * kMiB);
  std::vector<Slab> lent;
  for (int i = 0; i < 8; ++i) lent.push_back(take());
  set_limit(4 * kMiB);
  EXPECT_EQ(arena_->staging_slabs(), 8u);
  lent.resize(3);
  EXPECT_EQ(arena_->staging_slabs(), 4u);
  EXPECT_EQ(arena_->staging_slabs_free(), 1u);
  arena_->check_invariants();
}

TEST_F(ArenaStaging, KeepOutOfAShrunkenSetNeedsNoReplacement) {
  make(32 * kMiB);
  std::vector<Slab> lent;
  for (int i = 0; i < 8; ++i) lent.push_back(take());
  set_limit(4 * kMiB);
  const std::size_t used = arena_->used_bytes(Share::send);
  const auto kept = arena_->keep(lent.back(), kSlabBytes);
  ASSERT_TRUE(kept);
  EXPECT_EQ(arena_->used_bytes(Share::send), used);
  EXPECT_EQ(arena_->staging_slabs(), 7u);
  arena_->check_invariants();
}

}  // namespace
}  // namespace longthrow
