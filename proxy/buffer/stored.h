// SPDX-License-Identifier: Apache-2.0
// The two handles of an arena's memory (proxy/buffer/arena.h), each of which gives it back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "longthrow/bytes.h"

namespace longthrow {

inline constexpr std::size_t kSlabBytes = 256 * kKiB;
inline constexpr std::size_t kPageBytes = 4 * kKiB;

class Arena;

// A contiguous block of kSlabBytes to receive into. Move-only; goes back when destroyed.
class Slab {
 public:
  Slab() = default;
  Slab(Slab&& other) noexcept;
  Slab& operator=(Slab&& other) noexcept;
  ~Slab() { release(); }
  [[nodiscard]] bool valid() const { return arena_ != nullptr; }
  [[nodiscard]] ByteSpan bytes() const;
  void release();

 private:
  friend class Arena;
  Slab(Arena& arena, std::uint32_t index) : arena_(&arena), index_(index) {}
  Arena* arena_ = nullptr;
  std::uint32_t index_ = 0;
};

// Bytes kept in the arena: a chain of pages, or one whole slab. Move-only; freed when destroyed.
class Stored {
 public:
  Stored() = default;
  Stored(Stored&& other) noexcept;
  Stored& operator=(Stored&& other) noexcept;
  ~Stored() { release(); }
  [[nodiscard]] bool valid() const { return arena_ != nullptr; }
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }
  // What it costs of its share: size rounded up to pages (a whole slab: kSlabBytes).
  [[nodiscard]] std::size_t charge_bytes() const;
  // Views of the bytes from `offset` on, neighbouring pages joined; returns how many of `out` were
  // filled. The views live as long as this Stored.
  std::size_t pieces(std::size_t offset, std::span<ByteView> out) const;
  // REQUIRES: out.size() == size_bytes().
  void copy_to(ByteSpan out) const;
  void release();

 private:
  friend class Arena;
  Arena* arena_ = nullptr;
  std::uint32_t first_ = 0;  // page number; of a whole slab: its first page
  std::uint32_t size_bytes_ = 0;
  bool whole_slab_ = false;
  std::uint8_t share_ = 0;
};

}  // namespace longthrow
