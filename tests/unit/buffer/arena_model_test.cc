// SPDX-License-Identifier: Apache-2.0
// The arena against a model that only counts: any sequence of requests is granted exactly when the
// account allows it, and no byte changes while it is stored.
#include <algorithm>
#include <cstring>
#include <random>

#include "tests/unit/buffer/arena_fixture.h"

namespace longthrow {
namespace {

class Model {
 public:
  explicit Model(std::uint32_t seed) : random_(seed) {
    arena_ = std::move(*Arena::make({.limit_bytes = 8 * kMiB, .reserve_bytes = 32 * kMiB}));
  }

  void step() {
    const std::uint32_t dice = below(100);
    if (dice < 45) {
      store();
    } else if (dice < 80) {
      free_one();
    } else if (dice < 90) {
      take();
    } else if (dice < 95) {
      give_back();
    } else if (dice < 99) {
      keep();
    } else {
      set_limit();
    }
    check();
  }
  void check_content() const {
    for (const Entry& entry : entries_) {
      ASSERT_EQ(content(entry.stored), pattern(entry.stored.size_bytes(), entry.seed));
    }
    arena_->check_invariants();
  }

 private:
  struct Entry {
    Stored stored;
    Share share;
    std::uint32_t seed;
  };
  struct Lent {
    Slab slab;
    std::uint32_t seed;
  };

  std::uint32_t below(std::size_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  void store() {
    const Share share = below(2) == 0 ? Share::send : Share::receive;
    const std::size_t size = 1 + below(below(3) == 0 ? kSlabBytes : 3 * kPageBytes);
    const std::size_t charge = (size + kPageBytes - 1) / kPageBytes * kPageBytes;
    const bool fits = charge <= arena_->free_bytes(share);
    const std::uint32_t seed = below(1000);
    auto stored = arena_->store(share, pattern(size, seed));
    ASSERT_EQ(stored.has_value(), fits);
    if (stored) entries_.push_back({std::move(*stored), share, seed});
  }
  void free_one() {
    if (entries_.empty()) return;
    std::swap(entries_[below(entries_.size())], entries_.back());
    entries_.pop_back();
  }
  void take() {
    const bool available = arena_->staging_slabs_free() > 0;
    Slab slab = arena_->take_staging();
    ASSERT_EQ(slab.valid(), available);
    if (!slab.valid()) return;
    const std::uint32_t seed = below(1000);
    const auto bytes = pattern(kSlabBytes, seed);
    std::memcpy(slab.bytes().data(), bytes.data(), bytes.size());
    lent_.push_back({std::move(slab), seed});
  }
  void give_back() {
    if (!lent_.empty()) lent_.pop_back();
  }
  void keep() {
    if (lent_.empty()) return;
    auto kept = arena_->keep(lent_.back().slab, 1 + below(kSlabBytes));
    ASSERT_NE(kept.has_value(), lent_.back().slab.valid());
    if (!kept) return;
    entries_.push_back({std::move(*kept), Share::send, lent_.back().seed});
    lent_.pop_back();
  }
  void set_limit() {
    ASSERT_TRUE(arena_->set_limit(kArenaBytesMin + below(30 * kMiB)));
    limit_lowered_ = true;
  }
  void check() {
    std::size_t used[2] = {arena_->staging_slabs() * kSlabBytes, 0};
    for (const Entry& entry : entries_) {
      used[static_cast<int>(entry.share)] += entry.stored.charge_bytes();
    }
    for (const Share share : {Share::send, Share::receive}) {
      ASSERT_EQ(arena_->used_bytes(share), used[static_cast<int>(share)]);
      if (!limit_lowered_) {
        ASSERT_LE(arena_->used_bytes(share), arena_->limit_bytes(share));
      }
    }
  }

  std::minstd_rand random_;
  std::unique_ptr<Arena> arena_;
  std::vector<Entry> entries_;
  std::vector<Lent> lent_;
  bool limit_lowered_ = false;
};

class ArenaModel : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(ArenaModel, RandomUseAgreesWithTheAccount) {
  Model model(GetParam());
  for (int i = 0; i < 3000; ++i) {
    model.step();
    if (HasFatalFailure()) FAIL() << "at step " << i;
    if (i % 500 == 499) model.check_content();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ArenaModel, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace longthrow
