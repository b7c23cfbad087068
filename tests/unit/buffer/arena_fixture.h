// SPDX-License-Identifier: Apache-2.0
// Verbs for tests of the arena: bytes that say what they are, and an arena that checks itself at
// the end.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "proxy/buffer/arena.h"

namespace longthrow {

// A prefix of a longer pattern of the same seed is the same bytes.
inline std::vector<std::byte> pattern(std::size_t size, std::uint32_t seed) {
  std::vector<std::byte> bytes(size);
  std::uint64_t state = seed + 1;
  for (std::size_t i = 0; i < size; i += sizeof(state)) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t word = state ^ (state >> 29);
    std::memcpy(bytes.data() + i, &word, std::min(sizeof(word), size - i));
  }
  return bytes;
}

inline std::vector<std::byte> content(const Stored& stored) {
  std::vector<std::byte> bytes(stored.size_bytes());
  stored.copy_to(bytes);
  return bytes;
}

class ArenaTest : public ::testing::Test {
 protected:
  void SetUp() override { make(4 * kMiB); }
  void TearDown() override {
    stored_.clear();
    if (arena_ != nullptr) arena_->check_invariants();
  }
  void make(std::size_t limit_bytes, std::size_t reserve_bytes = 0) {
    auto made = Arena::make({.limit_bytes = limit_bytes, .reserve_bytes = reserve_bytes});
    ASSERT_TRUE(made) << made.error().message;
    arena_ = std::move(*made);
  }
  Stored store(std::size_t size, Share share = Share::send, std::uint32_t seed = 0) {
    auto stored = arena_->store(share, pattern(size, seed));
    EXPECT_TRUE(stored.has_value());
    return stored ? std::move(*stored) : Stored{};
  }
  // Stores pieces of `size` in stored_ until the share refuses; returns how many.
  std::size_t fill(Share share, std::size_t size) {
    const auto bytes = pattern(size, 7);
    std::size_t count = 0;
    while (auto stored = arena_->store(share, bytes)) {
      stored_.push_back(std::move(*stored));
      ++count;
    }
    return count;
  }
  void free_every_second() {
    std::vector<Stored> left;
    for (std::size_t i = 1; i < stored_.size(); i += 2) left.push_back(std::move(stored_[i]));
    stored_ = std::move(left);
  }
  void set_limit(std::size_t limit_bytes) {
    const auto set = arena_->set_limit(limit_bytes);
    ASSERT_TRUE(set) << set.error().message;
  }
  std::size_t send_room() const { return arena_->free_bytes(Share::send); }
  std::size_t receive_room() const { return arena_->free_bytes(Share::receive); }

  std::unique_ptr<Arena> arena_;
  std::vector<Stored> stored_;  // freed before arena_
};

}  // namespace longthrow
