// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/drain_watch.h"

#include <algorithm>

#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {

void DrainWatch::on_standing(std::uint64_t channel, const Standing& standing) {
  const auto found = marks_.find(channel);
  if (found == marks_.end() || found->second.over) return;
  Entry& entry = found->second;
  entry.delivered_bytes = std::max(entry.delivered_bytes, standing.delivered_bytes);
  if (standing.end_bytes && *standing.end_bytes < entry.mark.bytes) {
    lose(entry, {*standing.end_bytes, *standing.end_bytes},
         "the source's connection broke before they were read");
  }
  if (standing.barriers_acknowledged) {
    entry.barriers_acknowledged = *standing.barriers_acknowledged;
  } else {
    end_pair(entry);
  }
}

void DrainWatch::on_over(std::uint64_t channel, const Reached& reached, const std::string& reason) {
  const auto found = marks_.find(channel);
  if (found == marks_.end() || found->second.over) return;
  Entry& entry = found->second;
  entry.over = true;
  entry.delivered_bytes = std::max(entry.delivered_bytes, reached.delivered_bytes);
  end_pair(entry);
  lose(entry, {entry.delivered_bytes, reached.sent_bytes}, reason);
}

// No acknowledgement of its barriers can come any more.
void DrainWatch::end_pair(Entry& entry) {
  entry.pair_ended = entry.barriers_acknowledged < entry.mark.barriers;
  if (entry.pair_ended) note_reached(Mark::pair_ends_in_drain);
}

// The bytes between those that were delivered and the mark fail the drain. Those that were not sent
// are certainly lost.
void DrainWatch::lose(Entry& entry, const Reached& reached, const std::string& reason) {
  const std::uint64_t mark = entry.mark.bytes;
  if (reached.delivered_bytes >= mark || planted(Plant::drain_forgets_lost)) return;
  const std::uint64_t sent = std::clamp(reached.sent_bytes, reached.delivered_bytes, mark);
  entry.lost_bytes = mark - sent;
  entry.unknown_bytes = sent - reached.delivered_bytes;
  if (entry.reason.empty()) entry.reason = reason;
}

DrainLeft DrainWatch::left() const {
  DrainLeft left = before_;
  for (const auto& [channel, entry] : marks_) {
    left.by_barriers = left.by_barriers || entry.mark.barriers > 0;
    left.pair_ended = left.pair_ended || entry.pair_ended;
    left.lost_bytes += entry.lost_bytes;
    left.unknown_bytes += entry.unknown_bytes;
    if (!entry.reason.empty() && left.lost_reason.empty()) {
      left.lost_reason = "route " + entry.mark.route + ": " + entry.reason;
    }
    const std::uint64_t reachable = entry.mark.bytes - entry.lost_bytes - entry.unknown_bytes;
    left.bytes += reachable - std::min(reachable, entry.delivered_bytes);
    if (entry.pair_ended) continue;
    left.barriers +=
        entry.mark.barriers - std::min(entry.mark.barriers, entry.barriers_acknowledged);
  }
  return left;
}

void DrainPace::note(TimePoint now, std::uint64_t left_bytes) {
  samples_.push_back({now, left_bytes});
  while (samples_.size() > 2 && now - samples_[1].at >= kWindow) samples_.pop_front();
}

double DrainPace::bytes_s() const {
  if (samples_.size() < 2) return 0;
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  const double seconds = seconds_of(last.at - first.at);
  if (seconds <= 0 || last.left_bytes >= first.left_bytes) return 0;
  return static_cast<double>(first.left_bytes - last.left_bytes) / seconds;
}

}  // namespace longthrow
