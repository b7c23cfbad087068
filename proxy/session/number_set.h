// SPDX-License-Identifier: Apache-2.0
// A set of numbers that fills up from below: it has all numbers below `next()`, and some ranges
// above.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "proxy/wire/records.h"

namespace longthrow {

// Which frame numbers have been received, or which channels have been seen. Bounded: a peer that
// leaves more than kRangesMax gaps is in error (no sender of ours can, see SendSpace::kFramesMax).
// Adding costs O(log gaps) in whatever order a peer chooses.
// INVARIANT: ranges are disjoint, not adjacent, and above next().
class NumberSet {
 public:
  static constexpr std::size_t kRangesMax = 65536;
  enum class Outcome : std::uint8_t { added, present, too_many_gaps };

  explicit NumberSet(std::uint64_t first = 0) : next_(first) {}
  Outcome add(std::uint64_t number);
  [[nodiscard]] bool contains(std::uint64_t number) const;
  [[nodiscard]] std::uint64_t next() const { return next_; }
  [[nodiscard]] std::vector<wire::NumberRange> lowest_ranges(std::size_t count_max) const;
  [[nodiscard]] std::size_t range_count() const { return ranges_.size(); }

 private:
  std::uint64_t next_;
  std::map<std::uint64_t, std::uint64_t> ranges_;  // first -> last
};

}  // namespace longthrow
