// SPDX-License-Identifier: Apache-2.0
// A frame-number space of one direction: which numbers are under way, on which lane, and which must
// be sent again. The express lane and the bulk lanes have one each.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "proxy/session/number_set.h"
#include "proxy/session/out_stream.h"

namespace longthrow {

// Frames are not owned. INVARIANT: window_[i] is the frame with number first_ + i, or null once it
// was acknowledged; window_.front() is never null.
class SendSpace {
 public:
  // With at most this many frames under way, at most every second number is a gap at the receiver,
  // which is no more than it allows, whichever lane stands still: an honest sender never loses a
  // lane for gaps.
  static constexpr std::size_t kFramesMax = 2 * NumberSet::kRangesMax;

  // Gives `frame` the next number and notes the lane it goes out on.
  void send_first(OutFrame* frame, LaneId lane);
  // The lowest lost frame, or null; `send_again` takes it off the list.
  [[nodiscard]] OutFrame* first_lost();
  void send_again(OutFrame* frame, LaneId lane);

  // The peer holds all numbers below `next` and those in `ranges`. Calls `on_acked(frame)` once for
  // each frame that this is news for. An error: numbers that were never sent.
  template <typename OnAcked>
  [[nodiscard]] Result<void> ack(std::uint64_t next, std::span<const wire::NumberRange> ranges,
                                 OnAcked on_acked) {
    if (next > next_number()) return breach("an acknowledgement of frames that were never sent");
    for (const wire::NumberRange& range : ranges) {
      if (range.last >= next_number())
        return breach("an acknowledgement of frames that were never sent");
    }
    while (first_ < next) ack_front(on_acked);
    for (const wire::NumberRange& range : ranges) {
      for (std::uint64_t n = std::max(range.first, first_); n <= range.last; ++n) {
        OutFrame*& slot = window_[n - first_];
        if (slot != nullptr) take(slot, on_acked);
      }
    }
    while (!window_.empty() && window_.front() == nullptr) {
      window_.pop_front();
      ++first_;
    }
    return {};
  }
  // Frames that were sent on `lane` and are not acknowledged are lost. Returns how many.
  std::size_t on_lane_down(LaneId lane);

  [[nodiscard]] std::uint64_t next_number() const { return first_ + window_.size(); }
  [[nodiscard]] std::size_t frames_in_flight() const { return window_.size(); }
  // Whether another frame may get a number.
  [[nodiscard]] bool has_room() const { return window_.size() < kFramesMax; }
  void clear();

 private:
  template <typename OnAcked>
  void take(OutFrame*& slot, OnAcked& on_acked) {
    OutFrame* frame = slot;
    slot = nullptr;
    on_acked(frame);
  }
  template <typename OnAcked>
  void ack_front(OnAcked& on_acked) {
    if (window_.front() != nullptr) take(window_.front(), on_acked);
    window_.pop_front();
    ++first_;
  }

  std::deque<OutFrame*> window_;
  std::uint64_t first_ = 0;
  std::deque<std::uint64_t> lost_;  // numbers, ascending; entries acknowledged since are skipped
};

}  // namespace longthrow
