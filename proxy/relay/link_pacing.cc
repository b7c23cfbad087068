// SPDX-License-Identifier: Apache-2.0
// Bulk lanes at the pace of the WAN: how they fare is measured, the pacer judges, the kernel paces.
#include <algorithm>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {

// Bulk goes out. It ends by itself when there is none any more.
void Link::start_pacing() {
  if (!paces_ || pace_timer_.armed()) return;
  pacer_.restart();
  loop_.arm(pace_timer_, loop_.now() + Pacer::interval(Duration(0)));
}

Pacer::Sample Link::measure_lanes() const {
  Pacer::Sample sample;
  const auto look_at = [&](const Lane& lane) {
    const SocketStats stats = loop_.stats(lane.socket());
    if (stats.min_rtt > Duration(0)) {
      const bool first = sample.min_rtt == Duration(0);
      sample.min_rtt = first ? stats.min_rtt : std::min(sample.min_rtt, stats.min_rtt);
    }
    return stats;
  };
  look_at(*express_);
  for (const auto& [index, lane] : bulk_) {
    const SocketStats stats = look_at(*lane);
    sample.acknowledged_bytes += stats.acknowledged_bytes;
    sample.rtt = std::max(sample.rtt, stats.rtt);
    sample.backlog = sample.backlog || stats.unsent_bytes > 0 || lane->queued_bytes() > 0;
  }
  return sample;
}

void Link::watch_for_hole(Duration interval) {
  const bool any_waits = std::ranges::any_of(channels_, [](const auto& entry) {
    const Channel& channel = *entry.second;
    return channel.attached() && channel.core().out.stored_raw_bytes() > 0;
  });
  if (!any_waits) return hole_.on_empty();
  std::vector<HoleWatch::Lane> lanes;
  if (up()) {
    for (const auto& [index, lane] : bulk_) {
      const SocketStats stats = loop_.stats(lane->socket());
      lanes.push_back({lane.get(), stats.acknowledged_bytes, stats.unacknowledged_bytes});
    }
  }
  const bool was_stuck = hole_.stuck();
  hole_.on_tick(interval, lanes);
  if (hole_.stuck() && !was_stuck) {
    log_warning("link {}: up, but nothing passes: {}", name_, kMtuHint);
  } else if (was_stuck && !hole_.stuck()) {
    log_info("link {}: bytes pass again", name_);
  }
}

void Link::on_pace() {
  if (express_ == nullptr || bulk_.empty()) return;
  const Pacer::Sample sample = measure_lanes();
  const std::uint64_t rate = paces_ ? pacer_.update(loop_.now(), sample) : 0;
  if (const bool was_paced = std::exchange(paced_, rate > 0); rate > 0 || was_paced) {
    for (const auto& [index, lane] : bulk_) {
      loop_.set_pacing_rate(lane->socket(), rate / bulk_.size());
    }
  }
  if (sample.backlog) loop_.arm(pace_timer_, loop_.now() + Pacer::interval(sample.rtt));
}

}  // namespace longthrow
