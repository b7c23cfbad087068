// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/bulk_pacing.h"

#include <algorithm>
#include <utility>

namespace longthrow {

BulkPacing::BulkPacing(Loop& loop, const LaneSet& lanes) : loop_(loop), lanes_(lanes) {
  timer_.bind<&BulkPacing::on_timer>(this);
}

void BulkPacing::on_bulk_sent() {
  if (queue_ == Queue::may_fill || timer_.armed()) return;
  pacer_.restart();
  loop_.arm(timer_, loop_.now() + Pacer::interval(Duration(0)));
}

Pacer::Sample BulkPacing::measure() const {
  Pacer::Sample sample;
  const auto look_at = [&](const Lane& lane) {
    const SocketStats stats = loop_.stats(lane.socket());
    if (stats.min_rtt > Duration(0)) {
      const bool first = sample.min_rtt == Duration(0);
      sample.min_rtt = first ? stats.min_rtt : std::min(sample.min_rtt, stats.min_rtt);
    }
    return stats;
  };
  look_at(*lanes_.express());
  for (const auto& [index, lane] : lanes_.bulk()) {
    const SocketStats stats = look_at(*lane);
    sample.acknowledged_bytes += stats.acknowledged_bytes;
    sample.rtt = std::max(sample.rtt, stats.rtt);
    sample.backlog = sample.backlog || stats.unsent_bytes > 0 || lane->queued_bytes() > 0;
  }
  return sample;
}

void BulkPacing::on_timer() {
  if (lanes_.express() == nullptr || lanes_.bulk().empty()) return;
  const Pacer::Sample sample = measure();
  const std::uint64_t rate = queue_ == Queue::stays_short ? pacer_.update(loop_.now(), sample) : 0;
  if (const bool was_limited = std::exchange(limited_, rate > 0); rate > 0 || was_limited) {
    for (const auto& [index, lane] : lanes_.bulk())
      loop_.set_pacing_rate(lane->socket(), rate / lanes_.bulk().size());
  }
  if (sample.backlog) loop_.arm(timer_, loop_.now() + Pacer::interval(sample.rtt));
}

}  // namespace longthrow
