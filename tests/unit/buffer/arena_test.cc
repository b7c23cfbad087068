// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "tests/unit/buffer/arena_fixture.h"

namespace longthrow {
namespace {

TEST_F(ArenaTest, SharesAreThreeQuartersAndOneQuarter) {
  EXPECT_EQ(arena_->limit_bytes(Share::send), 3 * kMiB);
  EXPECT_EQ(arena_->limit_bytes(Share::receive), 1 * kMiB);
  EXPECT_EQ(arena_->memlimit_bytes(), 4 * kMiB);
  EXPECT_EQ(arena_->used_bytes(Share::receive), 0u);
}

TEST_F(ArenaTest, StoredBytesComeBackUnchangedAtEverySizeNearAPage) {
  for (const std::size_t size : {1ul, 2ul, 4095ul, 4096ul, 4097ul, 8192ul, 262143ul, 262144ul}) {
    const Stored stored = store(size, Share::receive, static_cast<std::uint32_t>(size));
    EXPECT_EQ(stored.size_bytes(), size);
    EXPECT_EQ(content(stored), pattern(size, static_cast<std::uint32_t>(size)));
  }
}

TEST_F(ArenaTest, ChargeIsWholePagesOfTheShareThatWasAsked) {
  const std::size_t send_before = arena_->used_bytes(Share::send);
  const Stored stored = store(4097, Share::receive);
  EXPECT_EQ(stored.charge_bytes(), 2 * kPageBytes);
  EXPECT_EQ(arena_->used_bytes(Share::receive), 2 * kPageBytes);
  EXPECT_EQ(arena_->used_bytes(Share::send), send_before);
}

TEST_F(ArenaTest, OneShareNeverBorrowsFromTheOther) {
  const std::size_t send_free = send_room();
  EXPECT_EQ(fill(Share::receive, kPageBytes), 1 * kMiB / kPageBytes);
  EXPECT_EQ(receive_room(), 0u);
  EXPECT_EQ(send_room(), send_free);
  EXPECT_EQ(fill(Share::send, kPageBytes), send_free / kPageBytes);
  arena_->check_invariants();
}

TEST_F(ArenaTest, StoreRefusesWhatTheShareCannotHoldAndChargesNothing) {
  fill(Share::receive, kSlabBytes);
  stored_.pop_back();
  const Stored most = store(kSlabBytes - kPageBytes, Share::receive);
  EXPECT_FALSE(arena_->store(Share::receive, pattern(kPageBytes + 1, 0)).has_value());
  EXPECT_EQ(receive_room(), kPageBytes);
  EXPECT_TRUE(arena_->store(Share::receive, pattern(kPageBytes, 0)).has_value());
}

TEST_F(ArenaTest, PagesTakenInARowAreJoinedToOnePiece) {
  const Stored stored = store(100'000);
  std::array<ByteView, 64> views;
  ASSERT_EQ(stored.pieces(0, views), 1u);
  EXPECT_EQ(views[0].size(), 100'000u);
}

TEST_F(ArenaTest, PiecesOfAScatteredChainCoverItFromAnyOffset) {
  fill(Share::receive, kPageBytes);
  free_every_second();
  const Stored stored = store(5 * kPageBytes + 17, Share::receive, 3);
  const auto bytes = pattern(5 * kPageBytes + 17, 3);
  for (std::size_t offset = 0; offset <= bytes.size(); offset += 509) {
    std::array<ByteView, 8> views;
    const std::size_t count = stored.pieces(offset, views);
    std::size_t at = offset;
    for (const ByteView& view : std::span(views).first(count)) {
      ASSERT_TRUE(std::equal(view.begin(), view.end(), bytes.begin() + static_cast<long>(at)));
      at += view.size();
    }
    ASSERT_EQ(at, bytes.size());
  }
}

TEST_F(ArenaTest, PiecesStopsWhenTheViewsAreFullAndGoesOnFromThere) {
  fill(Share::receive, kPageBytes);
  free_every_second();
  const Stored stored = store(4 * kPageBytes, Share::receive);
  std::array<ByteView, 3> views;
  ASSERT_EQ(stored.pieces(0, views), 3u);
  EXPECT_EQ(stored.pieces(3 * kPageBytes, views), 1u);
  EXPECT_EQ(stored.pieces(4 * kPageBytes, views), 0u);
}

TEST_F(ArenaTest, EverySecondPageFreedMakesRoomThatCanAllBeUsed) {
  fill(Share::send, kPageBytes);
  fill(Share::receive, kPageBytes);
  free_every_second();
  const std::size_t free = send_room();
  EXPECT_GE(free, 1 * kMiB - kPageBytes);
  EXPECT_EQ(fill(Share::send, kSlabBytes), free / kSlabBytes);
  fill(Share::send, kPageBytes);
  EXPECT_EQ(send_room(), 0u);
  fill(Share::receive, kPageBytes);
  EXPECT_EQ(receive_room(), 0u);
  arena_->check_invariants();
}

TEST_F(ArenaTest, MovingHandsOverAndTheEmptyHandleFreesNothing) {
  Stored first = store(10'000, Share::receive, 1);
  Stored second = std::move(first);
  EXPECT_FALSE(first.valid());
  EXPECT_EQ(first.charge_bytes(), 0u);
  first.release();
  EXPECT_EQ(content(second), pattern(10'000, 1));
  second = store(1, Share::receive);
  EXPECT_EQ(arena_->used_bytes(Share::receive), kPageBytes);
  second.release();
  EXPECT_EQ(arena_->used_bytes(Share::receive), 0u);
}

TEST_F(ArenaTest, MoveToItselfKeepsTheBytes) {
  Stored stored = store(10'000, Share::receive, 1);
  Stored& alias = stored;
  stored = std::move(alias);
  EXPECT_EQ(content(stored), pattern(10'000, 1));
}

using ArenaDeathTest = ArenaTest;

TEST_F(ArenaDeathTest, StoredThatOutlivesTheArenaIsABug) {
  Stored stored = store(10);
  EXPECT_DEATH(arena_.reset(), "chains_ == 0");
}

TEST_F(ArenaDeathTest, SlabThatOutlivesTheArenaIsABug) {
  Slab slab = arena_->take_staging();
  EXPECT_DEATH(arena_.reset(), "staging_free_");
}

TEST_F(ArenaDeathTest, StoringNothingOrMoreThanASlabIsABug) {
  EXPECT_DEATH(static_cast<void>(arena_->store(Share::send, {})), "empty");
  const auto bytes = pattern(kSlabBytes + 1, 0);
  EXPECT_DEATH(static_cast<void>(arena_->store(Share::send, bytes)), "kSlabBytes");
}

}  // namespace
}  // namespace longthrow
