// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/send_space.h"

#include <algorithm>

#include "proxy/base/marks.h"

namespace longthrow {

void SendSpace::send_first(OutFrame* frame, LaneId lane) {
  LT_ASSERT(lane != kNoLane);
  frame->header.number = next_number();
  frame->lane = lane;
  window_.push_back(frame);
}

OutFrame* SendSpace::first_lost() {
  while (!lost_.empty()) {
    const std::uint64_t number = lost_.front();
    if (number >= first_ && window_[number - first_] != nullptr &&
        window_[number - first_]->lane == kNoLane) {
      return window_[number - first_];
    }
    note_reached(Mark::lost_frame_acknowledged);
    lost_.pop_front();
  }
  return nullptr;
}

void SendSpace::send_again(OutFrame* frame, LaneId lane) {
  LT_ASSERT(!lost_.empty() && lost_.front() == frame->header.number && lane != kNoLane);
  lost_.pop_front();
  frame->lane = lane;
}

std::size_t SendSpace::on_lane_down(LaneId lane) {
  std::vector<std::uint64_t> newly_lost;
  for (std::size_t i = 0; i < window_.size(); ++i) {
    if (window_[i] == nullptr || window_[i]->lane != lane) continue;
    window_[i]->lane = kNoLane;
    newly_lost.push_back(first_ + i);
    note_reached(Mark::frame_lost);
  }
  const auto middle = lost_.insert(lost_.end(), newly_lost.begin(), newly_lost.end());
  std::inplace_merge(lost_.begin(), middle, lost_.end());
  return newly_lost.size();
}

void SendSpace::clear() {
  first_ = next_number();
  window_.clear();
  lost_.clear();
}

}  // namespace longthrow
