// SPDX-License-Identifier: Apache-2.0
// The truth of a simulated DRBD pair: every write of its primary in order, and what lies on both
// disks. A block holds the number of the write that it has; 0: it was never written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/bytes.h"

namespace longthrow::sim {

using DrbdWrite = std::uint64_t;  // counted from 1
using DrbdBlock = std::uint32_t;
using DrbdImage = std::vector<DrbdWrite>;  // by block

class DrbdTruth {
 public:
  static constexpr std::size_t kBlockBytes = 4096;

  explicit DrbdTruth(std::size_t blocks) : primary(blocks), secondary(blocks) {}

  // A program of the primary writes.
  DrbdWrite write(DrbdBlock block);
  [[nodiscard]] DrbdBlock block_of(DrbdWrite write) const { return order_.at(write - 1); }
  [[nodiscard]] DrbdWrite writes() const { return order_.size(); }
  // What a write has put into its block.
  static void fill(DrbdWrite write, ByteSpan block);

  // The secondary's program has read a block from the stream. `mirrored`: a write, not a resync.
  enum class How : std::uint8_t { mirrored, resynced };
  void apply(DrbdBlock block, DrbdWrite write, ByteView content, How how);
  // The primary was told that these are on the secondary's disk.
  void judge_told(DrbdWrite write, const std::string& how);
  // The last write of which the secondary's disk shows all that it should; none: it is no state
  // that the primary's disk has had.
  [[nodiscard]] std::optional<DrbdWrite> prefix() const;
  void judge_prefix(const std::string& when);

  void violate(std::string what);
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

  DrbdImage primary;
  DrbdImage secondary;

 private:
  std::vector<DrbdBlock> order_;
  std::vector<std::string> violations_;
};

}  // namespace longthrow::sim
