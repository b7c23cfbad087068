// SPDX-License-Identifier: Apache-2.0
// Marks of the peer that wait until all frames before them are here. Pure.
#pragma once

#include <cstdint>
#include <deque>

#include "proxy/wire/group_records.h"

namespace longthrow {

// Bounded: when the log is full a new mark replaces the last one, so that the marks that wait
// longest still take effect, and the last mark is always the newest.
class MarksLog {
 public:
  static constexpr std::size_t kMarksMax = 64;

  void add(wire::Marks marks) {
    known_ = true;
    if (waiting_.size() == kMarksMax) waiting_.pop_back();
    waiting_.push_back(std::move(marks));
  }
  // Whether the peer has ever sent one.
  [[nodiscard]] bool known() const { return known_; }
  // Calls `take(mark)` for each group of each mark whose frames are all below these numbers.
  template <typename Take>
  void take_due(std::uint64_t bulk_next, std::uint64_t express_next, Take take) {
    while (!waiting_.empty() && waiting_.front().bulk_next <= bulk_next &&
           waiting_.front().express_next <= express_next) {
      for (const wire::GroupMark& mark : waiting_.front().groups) take(mark);
      waiting_.pop_front();
    }
  }

 private:
  std::deque<wire::Marks> waiting_;
  bool known_ = false;
};

}  // namespace longthrow
