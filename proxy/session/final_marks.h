// SPDX-License-Identifier: Apache-2.0
// How far the last channels of a session were delivered when the session forgot them. The record
// that tells the peer may be lost with its lane, and the forgotten channel cannot repeat it. So
// these marks are kept, and sent again. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <vector>

#include "proxy/wire/records.h"

namespace longthrow {

// INVARIANT: due <= size <= kMarksMax.
class FinalMarks {
 public:
  // Beyond this number the oldest are forgotten: the peer then gives up waiting for them.
  static constexpr std::size_t kMarksMax = 1024;

  void add(wire::DeliveredMark mark) {
    if (marks_.size() == kMarksMax) marks_.pop_front();
    marks_.push_back(mark);
    due_ = std::min(due_ + 1, marks_.size());
  }
  // A new express lane is up: all marks are sent again.
  void all_due() { due_ = marks_.size(); }
  [[nodiscard]] bool due() const { return due_ > 0; }
  // Moves the marks that are due to `out`, until that has `size_max` of them.
  void put(std::vector<wire::DeliveredMark>& out, std::size_t size_max) {
    for (; due_ > 0 && out.size() < size_max; --due_) out.push_back(marks_[marks_.size() - due_]);
  }
  void clear() {
    marks_.clear();
    due_ = 0;
  }

 private:
  std::deque<wire::DeliveredMark> marks_;
  std::size_t due_ = 0;  // the newest so many are still to be sent
};

}  // namespace longthrow
