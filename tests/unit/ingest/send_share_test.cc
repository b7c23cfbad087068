// SPDX-License-Identifier: Apache-2.0
#include "proxy/ingest/send_share.h"

#include <gtest/gtest.h>

#include <deque>

namespace longthrow {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::size_t kMemlimit = 16 * kMiB;

class SendShareTest : public ::testing::Test {
 protected:
  SendShareTest() : share_(*arena_) {}

  // A leg reads `bytes`, and they are kept as they are.
  void read(std::uint32_t bytes) {
    share_.lend(bytes);
    auto stored = arena_->store(Share::send, ByteView(data_).first(bytes));
    ASSERT_TRUE(stored.has_value());
    stored_.push_back(std::move(*stored));
    share_.take_back(bytes);
  }
  void fill() {
    while (const std::uint32_t turn = share_.turn_bytes(0, 1)) read(turn);
  }
  // Frees about `bytes`.
  std::size_t drain(std::size_t bytes) {
    std::size_t freed = 0;
    while (freed < bytes && !stored_.empty()) {
      freed += stored_.front().charge_bytes();
      stored_.pop_front();
    }
    return freed;
  }
  [[nodiscard]] std::size_t used() const { return arena_->used_bytes(Share::send); }

  std::unique_ptr<Arena> arena_ =
      Arena::make({.limit_bytes = kMemlimit, .reserve_bytes = 4 * kMemlimit}).value();
  SendShare share_;
  std::vector<std::byte> data_ = std::vector<std::byte>(kSlabBytes);
  std::deque<Stored> stored_;
};

TEST_F(SendShareTest, AnEmptyShareLendsWholeSlabsUntilItIsFull) {
  EXPECT_EQ(share_.turn_bytes(0, 1), kSlabBytes);
  fill();
  EXPECT_TRUE(share_.full());
  EXPECT_LT(share_.free_bytes(), kSlabBytes);
  EXPECT_LE(used(), arena_->limit_bytes(Share::send));
}

TEST_F(SendShareTest, WhatIsLentIsNotLentAgain) {
  const std::uint64_t free = share_.free_bytes();
  share_.lend(kSlabBytes);
  EXPECT_EQ(share_.free_bytes(), free - kSlabBytes);
  share_.take_back(kSlabBytes);
  EXPECT_EQ(share_.free_bytes(), free);
}

TEST_F(SendShareTest, FullEndsOnlyAfterASmallGap) {
  constexpr double kFast = 100.0 * kMiB;
  fill();
  drain(kSlabBytes);
  EXPECT_EQ(share_.turn_bytes(kFast, 1), 0U);
  drain(arena_->limit_bytes(Share::send) / 32);
  EXPECT_EQ(share_.turn_bytes(kFast, 1), kSlabBytes);
  EXPECT_FALSE(share_.full());
}

TEST_F(SendShareTest, ASlowLinkServesEachOfManyLegsWithinASecond) {
  constexpr double kBytesS = 800.0 * kKiB;
  constexpr std::size_t kLegs = 8;
  fill();
  EXPECT_LT(share_.free_bytes(), kSlabBytes);
  while (share_.turn_bytes(kBytesS, kLegs) != 0) read(100 * kKiB);
  // Its part of a second's drain is there: it may read that, though the share is as good as full.
  drain(100 * kKiB);
  EXPECT_EQ(share_.turn_bytes(kBytesS, kLegs), 100 * kKiB);
  EXPECT_TRUE(share_.full());
}

TEST_F(SendShareTest, ATurnIsAtLeastASegmentOfLoopback) {
  fill();
  drain(64 * kKiB);
  EXPECT_EQ(share_.turn_bytes(1000.0, 100), 64 * kKiB);
}

TEST_F(SendShareTest, ALimitOfNoWholeSlabIsReachedToo) {
  ASSERT_TRUE(share_.set_memlimit(2 * kMemlimit));
  ASSERT_TRUE(share_.set_memlimit(kMemlimit + 100'000));
  const std::size_t receive_part = arena_->limit_bytes(Share::receive);
  for (std::size_t promised = receive_part; promised > kMiB; promised -= 4096) {
    share_.approach(promised);
    ASSERT_GE(arena_->limit_bytes(Share::receive), promised);
  }
  EXPECT_EQ(arena_->memlimit_bytes(), kMemlimit + 100'000);
}

TEST_F(SendShareTest, ALinkThatDrainsNothingGivesNoTurn) {
  fill();
  EXPECT_EQ(share_.turn_bytes(0, 1), 0U);
}

TEST_F(SendShareTest, ALowerLimitIsApproachedByHalfOfWhatIsFreed) {
  ASSERT_TRUE(share_.set_memlimit(4 * kMemlimit));
  fill();
  const std::size_t before = used();
  ASSERT_TRUE(share_.set_memlimit(kMemlimit));
  EXPECT_EQ(share_.memlimit_bytes(), kMemlimit);
  EXPECT_EQ(share_.turn_bytes(0, 1), 0U);
  // A leg that takes all it may.
  for (int turn = 1; turn <= 8; ++turn) {
    const std::size_t freed = drain(kMiB);
    share_.approach(0);
    std::size_t taken = 0;
    while (share_.free_bytes() >= kPageBytes) {
      const auto bytes = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(share_.free_bytes() / kPageBytes * kPageBytes, kSlabBytes));
      read(bytes);
      taken += bytes;
    }
    EXPECT_NEAR(static_cast<double>(taken), static_cast<double>(freed) / 2, 2.0 * kPageBytes)
        << turn;
  }
  EXPECT_LT(used(), before - 3 * kMiB);
}

TEST_F(SendShareTest, TheLowerLimitIsReachedWhenAllIsFreed) {
  ASSERT_TRUE(share_.set_memlimit(4 * kMemlimit));
  fill();
  ASSERT_TRUE(share_.set_memlimit(kMemlimit));
  while (!stored_.empty()) {
    drain(kMiB);
    share_.approach(0);
  }
  EXPECT_EQ(arena_->memlimit_bytes(), kMemlimit);
  EXPECT_EQ(share_.turn_bytes(0, 1), kSlabBytes);
}

TEST_F(SendShareTest, WhatThePeerMayStillSendHoldsTheArenaUpButNotTheLegsDown) {
  ASSERT_TRUE(share_.set_memlimit(2 * kMemlimit));
  ASSERT_TRUE(share_.set_memlimit(kMemlimit));
  share_.approach(6 * kMiB);  // of the 8 MiB that were granted
  EXPECT_GE(arena_->limit_bytes(Share::receive), 6 * kMiB);
  fill();
  EXPECT_LE(used(), kMemlimit / 4 * 3);
  share_.approach(4 * kMiB);
  EXPECT_EQ(arena_->memlimit_bytes(), kMemlimit);
}

TEST_F(SendShareTest, BeyondTheReserveIsRefusedAndChangesNothing) {
  EXPECT_FALSE(share_.set_memlimit(5 * kMemlimit));
  EXPECT_EQ(share_.memlimit_bytes(), kMemlimit);
}

TEST_F(SendShareTest, TheTimeThatItWasFullAddsUpAndRunsOn) {
  static constexpr TimePoint kBegin{hours(1)};
  const auto at = [](int s) { return kBegin + seconds(s); };
  share_.count_full(at(0));
  EXPECT_EQ(share_.full_time(at(50)), seconds(0)) << "there is room";
  fill();
  share_.count_full(at(100));
  EXPECT_EQ(share_.full_time(at(107)), seconds(7)) << "a standstill that still runs";
  share_.count_full(at(110));
  share_.count_full(at(115));
  EXPECT_EQ(share_.full_time(at(120)), seconds(20));
  drain(kMemlimit / 2);
  share_.count_full(at(121));
  EXPECT_EQ(share_.full_time(at(500)), seconds(21)) << "it has drained, though no leg asked";
  fill();
  share_.count_full(at(600));
  share_.count_full(at(601));
  EXPECT_EQ(share_.full_time(at(602)), seconds(23));
}

}  // namespace
}  // namespace longthrow
