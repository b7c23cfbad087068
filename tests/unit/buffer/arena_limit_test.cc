// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/buffer/arena_fixture.h"

namespace longthrow {
namespace {

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

class ArenaLimit : public ArenaTest {};

TEST_F(ArenaLimit, TooSmallOrBeyondTheReserveIsRefusedAndChangesNothing) {
  EXPECT_FALSE(Arena::make({.limit_bytes = kArenaBytesMin - 1}));
  EXPECT_FALSE(arena_->set_limit(kArenaBytesMin - 1));
  EXPECT_FALSE(arena_->set_limit(4 * kMiB + kSlabBytes));
  EXPECT_EQ(arena_->memlimit_bytes(), 4 * kMiB);
  make(kArenaBytesMin);
  EXPECT_GT(send_room(), kSlabBytes);
}

TEST_F(ArenaLimit, HugeReserveCostsNothing) {
  const std::size_t before = resident_bytes();
  make(4 * kMiB, 64 * kGiB);
  EXPECT_LT(resident_bytes(), before + 4 * kMiB);
}

TEST_F(ArenaLimit, RaisedLimitIsUsableAtOnce) {
  make(4 * kMiB, 64 * kMiB);
  fill(Share::receive, kPageBytes);
  set_limit(64 * kMiB);
  EXPECT_EQ(receive_room(), 15 * kMiB);
  EXPECT_EQ(fill(Share::receive, kPageBytes), 15 * kMiB / kPageBytes);
  arena_->check_invariants();
}

TEST_F(ArenaLimit, LoweredUnderUseDropsNothingAndGivesNothingUntilBelow) {
  make(16 * kMiB);
  fill(Share::receive, kPageBytes);  // 4 MiB
  set_limit(8 * kMiB);
  EXPECT_EQ(arena_->used_bytes(Share::receive), 4 * kMiB);
  EXPECT_EQ(receive_room(), 0u);
  EXPECT_FALSE(arena_->store(Share::receive, pattern(1, 0)).has_value());
  EXPECT_EQ(content(stored_.front()), pattern(kPageBytes, 7));
  EXPECT_EQ(content(stored_.back()), pattern(kPageBytes, 7));
  stored_.resize(2 * kMiB / kPageBytes);
  EXPECT_FALSE(arena_->store(Share::receive, pattern(1, 0)).has_value());
  stored_.pop_back();
  EXPECT_EQ(receive_room(), kPageBytes);
  EXPECT_TRUE(arena_->store(Share::receive, pattern(1, 0)).has_value());
  arena_->check_invariants();
}

TEST_F(ArenaLimit, OneShareOverALoweredLimitDoesNotStopTheOther) {
  make(16 * kMiB);
  fill(Share::send, kPageBytes);
  set_limit(4 * kMiB);
  EXPECT_EQ(send_room(), 0u);
  EXPECT_EQ(fill(Share::receive, kPageBytes), 1 * kMiB / kPageBytes);
  arena_->check_invariants();
}

TEST_F(ArenaLimit, LoweredWhileScatteredStillUsesEveryFreePage) {
  make(16 * kMiB);
  fill(Share::send, kPageBytes);
  fill(Share::receive, kPageBytes);
  for (int halvings = 0; halvings < 2; ++halvings) free_every_second();
  set_limit(8 * kMiB);
  arena_->check_invariants();
  const std::size_t free = receive_room();
  ASSERT_GT(free, 512 * kKiB);
  EXPECT_EQ(fill(Share::receive, kPageBytes), free / kPageBytes);
  arena_->check_invariants();
}

TEST_F(ArenaLimit, FreeMemoryBeyondALoweredLimitGoesBackToTheSystem) {
  make(128 * kMiB);
  fill(Share::send, kSlabBytes);
  const std::size_t full = resident_bytes();
  stored_.clear();
  EXPECT_GT(resident_bytes(), full - 8 * kMiB);  // kept for the next use
  set_limit(16 * kMiB);
  EXPECT_LT(resident_bytes(), full - 64 * kMiB);
}

TEST_F(ArenaLimit, MemoryFreedWhileOverTheLimitGoesBackPageByPage) {
  make(128 * kMiB);
  fill(Share::send, kPageBytes);
  const std::size_t full = resident_bytes();
  set_limit(16 * kMiB);
  free_every_second();  // no slab becomes free
  EXPECT_LT(resident_bytes(), full - 36 * kMiB);
}

TEST_F(ArenaLimit, LoweringGivesBackWhatIsFreeInScatteredSlabs) {
  make(128 * kMiB);
  fill(Share::send, kPageBytes);
  const std::size_t full = resident_bytes();
  free_every_second();
  EXPECT_GT(resident_bytes(), full - 8 * kMiB);
  set_limit(16 * kMiB);
  EXPECT_LT(resident_bytes(), full - 36 * kMiB);
}

TEST_F(ArenaLimit, ShrinkAndGrowManyTimesLosesNoMemory) {
  make(16 * kMiB, 64 * kMiB);
  for (std::size_t mebibytes : {64, 8, 32, 2, 16, 64, 4, 16}) {
    set_limit(mebibytes * kMiB);
    arena_->check_invariants();
    fill(Share::send, 3 * kPageBytes);
    free_every_second();
  }
  stored_.clear();
  EXPECT_EQ(arena_->used_bytes(Share::send), 4 * kSlabBytes);
  EXPECT_EQ(fill(Share::send, kSlabBytes), 11 * kMiB / kSlabBytes);
}

TEST_F(ArenaLimit, LockedArenaStillShrinks) {
  make(4 * kMiB, 8 * kMiB);
  if (const auto locked = arena_->lock_in_memory(); !locked) {
    EXPECT_NE(locked.error().message.find("MEMLOCK"), std::string::npos);
    GTEST_SKIP() << locked.error().message;
  }
  set_limit(8 * kMiB);
  fill(Share::send, kSlabBytes);
  set_limit(2 * kMiB);
  stored_.clear();
  arena_->check_invariants();
  set_limit(8 * kMiB);
  fill(Share::send, kPageBytes);
  EXPECT_EQ(content(stored_.back()), pattern(kPageBytes, 7));
}

TEST_F(ArenaLimit, LockBeyondTheResourceLimitSaysWhatToRaise) {
  const auto lock_without_rights = [&] {
    const rlimit none{0, 0};
    // Only in the child of EXPECT_EXIT: rights given up do not come back.
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && seteuid(65534) != 0)) _exit(2);
    const auto locked = arena_->lock_in_memory();
    std::fprintf(stderr, "%s\n", locked ? "locked" : locked.error().message.c_str());
    _exit(locked ? 1 : 0);
  };
  EXPECT_EXIT(lock_without_rights(), ::testing::ExitedWithCode(0), "raise LimitMEMLOCK");
}

}  // namespace
}  // namespace longthrow
