// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/number_set.h"

#include <algorithm>

namespace longthrow {
namespace {

// The first range that ends at or after `number`.
template <typename Ranges>
auto find_range(Ranges& ranges, std::uint64_t number) {
  return std::lower_bound(
      ranges.begin(), ranges.end(), number,
      [](const wire::NumberRange& range, std::uint64_t value) { return range.last < value; });
}

}  // namespace

bool NumberSet::contains(std::uint64_t number) const {
  if (number < next_) return true;
  const auto range = find_range(ranges_, number);
  return range != ranges_.end() && range->first <= number;
}

NumberSet::Outcome NumberSet::add(std::uint64_t number) {
  if (number < next_) return Outcome::present;
  if (number == next_) {
    ++next_;
    if (!ranges_.empty() && ranges_.front().first == next_) {
      next_ = ranges_.front().last + 1;
      ranges_.erase(ranges_.begin());
    }
    return Outcome::added;
  }
  auto range = find_range(ranges_, number);
  if (range != ranges_.end() && range->first <= number) return Outcome::present;
  const bool joins_above = range != ranges_.end() && range->first == number + 1;
  const bool joins_below = range != ranges_.begin() && std::prev(range)->last + 1 == number;
  if (joins_above && joins_below) {
    std::prev(range)->last = range->last;
    ranges_.erase(range);
  } else if (joins_above) {
    range->first = number;
  } else if (joins_below) {
    std::prev(range)->last = number;
  } else {
    if (ranges_.size() == kRangesMax) return Outcome::too_many_gaps;
    ranges_.insert(range, wire::NumberRange{number, number});
  }
  return Outcome::added;
}

}  // namespace longthrow
