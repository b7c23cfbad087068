// SPDX-License-Identifier: Apache-2.0
// Views of raw memory, and the one growable byte queue that wire, session, TLS and lanes share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace longthrow {

using ByteView = std::span<const std::byte>;
using ByteSpan = std::span<std::byte>;

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;
inline constexpr std::size_t kGiB = 1024 * kMiB;

// A contiguous queue of bytes: appended at the back, consumed at the front. Not thread-safe.
// Memory is kept between uses; it grows to the largest amount that was ever queued, so callers
// bound what they append. INVARIANT: 0 <= begin_ <= storage_.size().
class ByteQueue {
 public:
  [[nodiscard]] ByteView view() const { return ByteView(storage_).subspan(begin_); }
  [[nodiscard]] std::size_t size() const { return storage_.size() - begin_; }
  [[nodiscard]] bool empty() const { return size() == 0; }

  // Returns `bytes` of uninitialised room at the back; they count as queued at once. The span is
  // valid until the next call of a non-const method. Give back what was not used with `trim`.
  ByteSpan extend(std::size_t bytes) {
    const std::size_t old_size = storage_.size();
    storage_.resize(old_size + bytes);
    return ByteSpan(storage_).subspan(old_size);
  }
  void trim(std::size_t bytes) { storage_.resize(storage_.size() - bytes); }
  void append(ByteView bytes) { storage_.insert(storage_.end(), bytes.begin(), bytes.end()); }
  void consume(std::size_t bytes) {
    begin_ += bytes;
    if (begin_ == storage_.size()) clear();
  }
  void clear() {
    storage_.clear();
    begin_ = 0;
  }
  void swap(ByteQueue& other) noexcept {
    storage_.swap(other.storage_);
    std::swap(begin_, other.begin_);
  }

 private:
  std::vector<std::byte> storage_;
  std::size_t begin_ = 0;
};

}  // namespace longthrow
