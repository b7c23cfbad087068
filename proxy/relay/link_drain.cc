// SPDX-License-Identifier: Apache-2.0
// What drains wait for, and what became of the bytes of channels that have ended.
#include <algorithm>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"
#include "proxy/relay/link.h"

namespace longthrow {
namespace {

// A peer that has lost its last word, or never says it, is not waited for without end.
constexpr Duration kFinalMarkWait = std::chrono::seconds(5);

}  // namespace

std::set<std::string> Link::group_names() const {
  std::set<std::string> names;
  for (const auto& [name, fate] : fates_) names.insert(name);
  return names;
}

void Link::watch_drain(DrainId id, const std::string& group, bool held) {
  DrainWatch& watch = drains_[id];
  watch.cover(group);
  if (const auto fate = fates_.find(group); fate != fates_.end() && fate->second.short_bytes > 0) {
    watch.add_unknown(fate->second.short_bytes, fate->second.short_reason);
  }
  for (const auto& [serial, channel] : channels_) {
    if (channel->over || !channel->attached() || channel->group() != group) continue;
    DrainMark mark{.bytes = channel->read_bytes() + channel->unread_bytes(),
                   .route = channel->route()};
    if (channel->partner() != nullptr && channel->drbd_kind() == drbd::StreamKind::data) {
      const drbd::StreamCounters& sent = channel->watch()->outgoing();
      // The barrier behind the last writes follows at the latest when DRBD has nothing else to
      // send.
      mark.barriers = sent.barriers + (sent.writes_open && !held ? 1 : 0);
    }
    watch.add(serial, std::move(mark));
  }
}

DrainLeft Link::drain_left(DrainId id) {
  if (planted(Plant::drain_at_once)) return {};
  DrainWatch& watch = drains_[id];
  for (const auto& [serial, channel] : channels_) {
    if (!channel->over && watch.watches(serial)) watch.on_standing(serial, standing_of(*channel));
  }
  DrainLeft left = watch.left();
  // Connections that wait for the link have given bytes, too.
  for (const auto& [route, port] : ports_) {
    if (watch.covers(port.config.group)) left.bytes += waiting_.unread(route).bytes;
  }
  return left;
}

// What waited for the link goes on as a channel.
void Link::go_on_draining(const Channel& channel) {
  for (auto& [id, watch] : drains_) {
    if (watch.covers(channel.group()))
      watch.add(channel.serial, {.bytes = channel.unread_bytes(), .route = channel.route()});
  }
}

void Link::fail_drains(const std::string& group, std::uint64_t lost_bytes,
                       const std::string& reason) {
  for (auto& [id, watch] : drains_) {
    if (lost_bytes > 0 && watch.covers(group)) watch.add_lost(lost_bytes, reason);
  }
}

DrainWatch::Standing Link::standing_of(const Channel& channel) {
  const OutStream& out = channel.core().out;
  DrainWatch::Standing standing{.delivered_bytes = out.delivered_offset};
  if (out.end) standing.end_bytes = out.accepted_offset();
  if (channel.partner() != nullptr)
    standing.barriers_acknowledged = channel.partner()->watch()->incoming().barrier_acks;
  return standing;
}

// From now on the peer says nothing more of the bytes that `channel` has given.
void Link::note_over(Channel& channel, const std::string& reason) {
  if (channel.over || !channel.attached()) return;
  channel.over = true;
  const std::uint64_t delivered = channel.core().out.delivered_offset;
  for (auto& [id, watch] : drains_) {
    if (!watch.watches(channel.serial)) continue;
    DrainWatch::Standing standing = standing_of(channel);
    standing.end_bytes.reset();  // one reason is enough
    watch.on_standing(channel.serial, standing);
    watch.on_over(channel.serial, {delivered, channel.core().out.sent_offset()}, reason);
  }
  note_short(channel, channel.unproven_bytes(), reason);
}

// `bytes` in all is what `channel` gave in vain.
void Link::note_short(Channel& channel, std::uint64_t bytes, const std::string& reason) {
  if (bytes <= channel.short_bytes_told) return;
  fail_later_drains(channel.group(), bytes - std::exchange(channel.short_bytes_told, bytes),
                    format("route {}: {}", channel.route(), reason));
}

// Drains that begin from now on answer for the bytes until a newer channel has caught up.
void Link::fail_later_drains(const std::string& group, std::uint64_t lost_bytes,
                             const std::string& reason) {
  GroupFate& fate = fates_[group];
  fate.short_bytes += lost_bytes;
  fate.short_reason = reason;
  fate.short_serial = next_serial_ - 1;
}

// `channel` is finished, but the peer may still be delivering its bytes, and says how far it came
// when it has closed its leg.
bool Link::waits_for_final_mark(Channel& channel) {
  const OutStream& out = channel.core().out;
  if (channel.over || out.delivered_offset >= out.accepted_offset()) return false;
  const bool gets_on =
      std::exchange(channel.final_offset, out.delivered_offset) != out.delivered_offset;
  if (channel.final_since == TimePoint{} || gets_on || !up()) channel.final_since = loop_.now();
  const bool watched = std::ranges::any_of(
      drains_, [&](const auto& drain) { return drain.second.watches(channel.serial); });
  const Duration wait_max = kFinalMarkWait + (watched ? config_.abort_linger : Duration(0));
  return loop_.now() - channel.final_since < wait_max;
}

}  // namespace longthrow
