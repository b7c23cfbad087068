// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/drain_book.h"

#include <algorithm>

namespace longthrow {

void DrainBook::watch(Id id, const Group& group, Input input) {
  DrainWatch& watch = drains_[id];
  watch.cover(group.name);
  if (group.shortfall.bytes > 0) watch.add_unknown(group.shortfall.bytes, group.shortfall.reason);
  for (const auto& [serial, channel] : group.members) {
    if (channel->account.over || !channel->attached()) continue;
    DrainMark mark{.bytes = channel->read_bytes() + channel->unread_bytes(),
                   .route = channel->route().name};
    if (const auto barriers = channel->guide().barriers())
      mark.barriers = barriers->given + (barriers->one_follows && input == Input::flows ? 1 : 0);
    watch.add(serial, std::move(mark));
    watched_[serial] = channel;
  }
}

DrainLeft DrainBook::left(Id id) {
  DrainWatch& watch = drains_[id];
  for (const auto& [serial, channel] : watched_) {
    if (watch.watches(serial)) watch.on_standing(serial, standing_of(*channel));
  }
  return watch.left();
}

bool DrainBook::covers(Id id, const Group& group) const {
  const auto drain = drains_.find(id);
  return drain != drains_.end() && drain->second.covers(group.name);
}

void DrainBook::go_on(const Channel& channel) {
  for (auto& [id, watch] : drains_) {
    if (!watch.covers(channel.group().name)) continue;
    watch.add(channel.serial, {.bytes = channel.unread_bytes(), .route = channel.route().name});
    watched_[channel.serial] = &channel;
  }
}

void DrainBook::on_lost(const Group& group, std::uint64_t bytes, const std::string& reason) {
  for (auto& [id, watch] : drains_) {
    if (bytes > 0 && watch.covers(group.name)) watch.add_lost(bytes, reason);
  }
}

void DrainBook::on_over(const Channel& channel, const std::string& reason) {
  watched_.erase(channel.serial);
  const OutStream& out = channel.core().out;
  for (auto& [id, watch] : drains_) {
    if (!watch.watches(channel.serial)) continue;
    DrainWatch::Standing standing = standing_of(channel);
    standing.end_bytes.reset();  // on_over() below gives the reason
    watch.on_standing(channel.serial, standing);
    watch.on_over(channel.serial, {out.delivered_offset, out.sent_offset()}, reason);
  }
}

bool DrainBook::watches(const Channel& channel) const {
  return std::ranges::any_of(
      drains_, [&](const auto& drain) { return drain.second.watches(channel.serial); });
}

DrainWatch::Standing DrainBook::standing_of(const Channel& channel) {
  const OutStream& out = channel.core().out;
  DrainWatch::Standing standing{.delivered_bytes = out.delivered_offset};
  if (out.end) standing.end_bytes = out.accepted_offset();
  if (const auto barriers = channel.guide().barriers())
    standing.barriers_acknowledged = barriers->acknowledged;
  return standing;
}

}  // namespace longthrow
