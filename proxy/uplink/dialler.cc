// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/dialler.h"

#include <algorithm>
#include <vector>

namespace longthrow {

Dialler::Dialler(Loop& loop, ClosingList& closing, std::function<void(std::uint16_t)> on_due)
    : loop_(loop), closing_(closing), on_due_(std::move(on_due)) {
  timer_.bind<&Dialler::on_timer>(this);
}

void Dialler::dial_at(std::uint16_t first, std::uint16_t last, TimePoint at) {
  for (std::uint16_t index = first; index <= last; ++index) due_at_[index] = at;
  arm();
}

void Dialler::arm() {
  TimePoint next = kNever;
  for (const auto& [index, at] : due_at_) next = std::min(next, at);
  if (next != kNever) loop_.arm(timer_, next);
}

void Dialler::on_timer() {
  const TimePoint now = loop_.now();
  std::vector<std::uint16_t> due;
  for (const auto& [index, at] : due_at_) {
    if (at <= now) due.push_back(index);
  }
  for (const std::uint16_t index : due) {
    due_at_.erase(index);
    on_due_(index);
  }
  arm();
}

void Dialler::begin(std::unique_ptr<Dial> dial) {
  Dial& started = *dial;
  LT_ASSERT(!dials_.contains(started.lane_index()));
  dials_[started.lane_index()] = std::move(dial);
  started.start();
}

void Dialler::retire(Dial& dial) {
  closing_.retire(std::move(dials_.extract(dial.lane_index()).mapped()));
}

void Dialler::cancel() {
  for (auto& [index, dial] : dials_) {
    dial->cancel();
    closing_.retire(std::move(dial));
  }
  dials_.clear();
  due_at_.clear();
}

const Dial* Dialler::find(std::uint16_t lane_index) const {
  const auto found = dials_.find(lane_index);
  return found == dials_.end() ? nullptr : found->second.get();
}

}  // namespace longthrow
