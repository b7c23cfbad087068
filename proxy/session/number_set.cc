// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/number_set.h"

#include <iterator>

#include "proxy/base/marks.h"

namespace longthrow {

bool NumberSet::contains(std::uint64_t number) const {
  if (number < next_) return true;
  const auto above = ranges_.upper_bound(number);
  return above != ranges_.begin() && std::prev(above)->second >= number;
}

NumberSet::Outcome NumberSet::add(std::uint64_t number) {
  if (contains(number)) return Outcome::present;
  auto above = ranges_.upper_bound(number);
  const bool joins_above = above != ranges_.end() && above->first == number + 1;
  const std::uint64_t last = joins_above ? above->second : number;
  if (number == next_) {
    next_ = last + 1;
    if (joins_above) ranges_.erase(above);
    return Outcome::added;
  }
  const auto below = above == ranges_.begin() ? ranges_.end() : std::prev(above);
  const bool joins_below = below != ranges_.end() && below->second + 1 == number;
  if (!joins_above && !joins_below && ranges_.size() == kRangesMax) return Outcome::too_many_gaps;
  if (joins_above && joins_below) note_reached(Mark::gap_closed_above_a_gap);
  if (joins_above) above = ranges_.erase(above);
  if (joins_below) {
    below->second = last;
  } else {
    ranges_.emplace_hint(above, number, last);
  }
  return Outcome::added;
}

std::vector<wire::NumberRange> NumberSet::lowest_ranges(std::size_t count_max) const {
  std::vector<wire::NumberRange> lowest;
  for (const auto& [first, last] : ranges_) {
    if (lowest.size() == count_max) break;
    lowest.push_back({first, last});
  }
  return lowest;
}

}  // namespace longthrow
