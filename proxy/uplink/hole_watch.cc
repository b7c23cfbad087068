// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/hole_watch.h"

#include <utility>

#include "proxy/base/marks.h"

namespace longthrow {

void HoleWatch::on_tick(Duration interval, std::span<const Lane> lanes) {
  std::map<const void*, std::uint64_t> now;
  bool progress = false;
  bool outstanding = false;
  for (const Lane& lane : lanes) {
    const auto before = acknowledged_.find(lane.id);
    // If the count is lower than before, another lane has the same address.
    const bool known = before != acknowledged_.end() && before->second <= lane.acknowledged_bytes;
    const bool moved = known && lane.acknowledged_bytes - before->second >= kProgressBytes;
    now[lane.id] = known && !moved ? before->second : lane.acknowledged_bytes;
    progress = progress || moved;
    outstanding = outstanding || lane.outstanding_bytes > 0;
  }
  acknowledged_ = std::move(now);
  if (progress) {
    stuck_ = Duration(0);
  } else if (outstanding) {
    stuck_ += interval;
    if (stuck()) note_reached(Mark::nothing_passes);
  }
}

void HoleWatch::on_empty() {
  acknowledged_.clear();
  stuck_ = Duration(0);
}

}  // namespace longthrow
