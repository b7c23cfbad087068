// SPDX-License-Identifier: Apache-2.0
// The two handles of the arena's memory, Slab and Stored, and how each gives its memory back.
#include "proxy/buffer/stored.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/base/planted.h"
#include "proxy/buffer/arena.h"

namespace longthrow {

Slab::Slab(Slab&& other) noexcept
    : arena_(std::exchange(other.arena_, nullptr)), index_(other.index_) {}

Slab& Slab::operator=(Slab&& other) noexcept {
  if (this == &other) return *this;
  if (!planted(Plant::slab_leaks)) release();
  arena_ = std::exchange(other.arena_, nullptr);
  index_ = other.index_;
  return *this;
}

ByteSpan Slab::bytes() const {
  LT_ASSERT(valid());
  return arena_->slab_bytes(index_);
}

void Slab::release() {
  if (arena_ != nullptr) std::exchange(arena_, nullptr)->release_staging(index_);
}

Stored::Stored(Stored&& other) noexcept
    : arena_(std::exchange(other.arena_, nullptr)),
      first_(other.first_),
      size_bytes_(std::exchange(other.size_bytes_, 0)),
      whole_slab_(other.whole_slab_),
      share_(other.share_) {
  if (planted(Plant::block_given_twice)) other.arena_ = arena_, other.size_bytes_ = size_bytes_;
}

Stored& Stored::operator=(Stored&& other) noexcept {
  if (this == &other) return *this;
  release();
  arena_ = std::exchange(other.arena_, nullptr);
  first_ = other.first_;
  size_bytes_ = std::exchange(other.size_bytes_, 0);
  whole_slab_ = other.whole_slab_;
  share_ = other.share_;
  return *this;
}

std::size_t Stored::charge_bytes() const {
  if (!valid()) return 0;
  if (whole_slab_) return kSlabBytes;
  return (size_bytes_ + kPageBytes - 1) / kPageBytes * kPageBytes;
}

std::size_t Stored::pieces(std::size_t offset, std::span<ByteView> out) const {
  LT_ASSERT(valid() && offset <= size_bytes_);
  if (offset == size_bytes_ || out.empty()) return 0;
  if (whole_slab_) {
    out[0] = {arena_->page_address(first_) + offset, size_bytes_ - offset};
    return 1;
  }
  std::uint32_t page = first_;
  std::size_t page_begin = 0;  // offset of `page` within these bytes
  for (; page_begin + kPageBytes <= offset; page_begin += kPageBytes)
    page = arena_->next_page(page);

  std::size_t filled = 0;
  while (page_begin < size_bytes_) {
    const std::size_t begin = std::max(page_begin, offset);
    const std::size_t end = std::min<std::size_t>(page_begin + kPageBytes, size_bytes_);
    const std::byte* data = arena_->page_address(page) + (begin - page_begin);
    if (filled > 0 && out[filled - 1].data() + out[filled - 1].size() == data) {
      out[filled - 1] = {out[filled - 1].data(), out[filled - 1].size() + (end - begin)};
    } else {
      if (filled == out.size()) break;
      out[filled++] = {data, end - begin};
    }
    page = arena_->next_page(page);
    page_begin += kPageBytes;
  }
  return filled;
}

void Stored::copy_to(ByteSpan out) const {
  LT_ASSERT(valid() && out.size() == size_bytes_);
  ByteView views[8];
  for (std::size_t done = 0; done < size_bytes_;) {
    const std::size_t count = pieces(done, views);
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(out.data() + done, views[i].data(), views[i].size());
      done += views[i].size();
    }
  }
}

void Stored::release() {
  Arena* arena = std::exchange(arena_, nullptr);
  if (arena == nullptr) return;
  const auto share = static_cast<Share>(share_);
  const std::size_t size = std::exchange(size_bytes_, 0);
  if (whole_slab_) {
    arena->release_kept(static_cast<std::uint32_t>(first_ / (kSlabBytes / kPageBytes)), share);
  } else {
    arena->free_chain(first_, (size + kPageBytes - 1) / kPageBytes, share);
  }
}

}  // namespace longthrow
