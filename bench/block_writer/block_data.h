// SPDX-License-Identifier: Apache-2.0
// Bytes such as a busy block device replicates: zero pages, pages of records, and pages that do not
// compress. About 3:1 with zstd. The same seed gives the same bytes on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "longthrow/bytes.h"

namespace longthrow {

inline constexpr std::size_t kDataPageBytes = 4 * kKiB;

// Words, numbers and dates, as in the records of a table.
void fill_records(ByteSpan out, std::uint64_t seed);
void fill_random(ByteSpan out, std::uint64_t seed);
// Extents of 32 KiB, each of one kind: 35 % zeros, 45 % records, 20 % random.
void fill_block_data(ByteSpan out, std::uint64_t seed);

// A stream of block data of any length that costs no computing while it is sent: up to
// kPoolBytesMax are made at the start, and come again after that with their place written into each
// page.
class BlockStream {
 public:
  static constexpr std::size_t kPoolBytesMax = 256 * kMiB;
  BlockStream(std::uint64_t size_bytes, std::uint64_t seed);
  // Up to `bytes` bytes from `offset` on, at least 1; valid until the next call.
  // REQUIRES: offset < size.
  [[nodiscard]] ByteView at(std::uint64_t offset, std::size_t bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  std::uint64_t size_;
  std::vector<std::byte> pool_;
  std::vector<std::byte> stamped_;
};

}  // namespace longthrow
