// SPDX-License-Identifier: Apache-2.0
// A first-in first-out queue of bytes in a ring: its memory stays at the largest amount ever
// queued, also when it never runs empty.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "longthrow/bytes.h"
#include "longthrow/error.h"

namespace longthrow::sim {

// INVARIANT: size_ <= storage_.size(), which is zero or a power of two.
class ByteRing {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  void push(ByteView bytes) {
    if (size_ + bytes.size() > storage_.size()) grow(size_ + bytes.size());
    for_parts(size_, bytes.size(), [&](ByteSpan part, std::size_t done) {
      std::memcpy(part.data(), bytes.data() + done, part.size());
    });
    size_ += bytes.size();
  }
  // Copies into.size() bytes that begin `offset` after the front.
  void peek(std::size_t offset, ByteSpan into) {
    LT_ASSERT(offset + into.size() <= size_);
    for_parts(offset, into.size(), [&](ByteSpan part, std::size_t done) {
      std::memcpy(into.data() + done, part.data(), part.size());
    });
  }
  void consume(std::size_t bytes) {
    LT_ASSERT(bytes <= size_);
    size_ -= bytes;
    begin_ = size_ == 0 ? 0 : (begin_ + bytes) & (storage_.size() - 1);
  }
  void clear() { *this = ByteRing(); }

 private:
  template <typename Visit>
  void for_parts(std::size_t offset, std::size_t bytes, Visit visit) {
    for (std::size_t done = 0; done < bytes;) {
      const std::size_t at = (begin_ + offset + done) & (storage_.size() - 1);
      const std::size_t length = std::min(bytes - done, storage_.size() - at);
      visit(ByteSpan(storage_).subspan(at, length), done);
      done += length;
    }
  }
  void grow(std::size_t bytes) {
    std::vector<std::byte> larger(std::bit_ceil(std::max<std::size_t>(bytes, 512)));
    if (size_ > 0) peek(0, ByteSpan(larger).first(size_));
    storage_.swap(larger);
    begin_ = 0;
  }

  std::vector<std::byte> storage_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace longthrow::sim
