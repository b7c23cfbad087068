// SPDX-License-Identifier: Apache-2.0
// Routes of protocol drbd: which channels belong together, and when a new pair may begin.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {
namespace {

DrbdStatus::Direction direction_of(const drbd::StreamCounters& counters) {
  DrbdStatus::Direction direction{
      .barriers = counters.barriers, .barrier_acks = counters.barrier_acks, .volumes = {}};
  for (const auto& [number, volume] : counters.volumes) {
    direction.volumes[number] = {.writes = volume.writes,
                                 .write_bytes = volume.write_bytes,
                                 .resync_bytes = volume.resync_bytes};
  }
  return direction;
}

void merge(drbd::DisksByVolume& known, const drbd::DisksByVolume& newer) {
  for (const auto& [volume, disks] : newer) {
    if (disks.here != drbd::DiskState::unknown) known[volume].here = disks.here;
    if (disks.peer != drbd::DiskState::unknown) known[volume].peer = disks.peer;
    known[volume].here_ahead = disks.here_ahead;
    known[volume].peer_ahead = disks.peer_ahead;
  }
}

// Only final states make a copy unusable; attaching and negotiating are passing.
bool cannot_be_used(drbd::DiskState disk) {
  using enum drbd::DiskState;
  return disk == inconsistent || disk == outdated || disk == failed || disk == diskless;
}

}  // namespace

void Link::channel_is_express(Channel& channel) {
  if (channel.core().express) return;
  session_->make_express(channel.core());
  log_debug("route {}: channel {}: DRBD's meta stream, sent ahead of all data", channel.route(),
            channel.core().id);
}

// DRBD's crossed attempts leave at most one meta stream that is open at both ends when its features
// have passed both ways on the data stream. It may have been opened by the other node.
Channel* Link::meta_for(const Channel& data) {
  Channel* meta = nullptr;
  for (const auto& [serial, channel] : channels_) {
    const bool fits = channel->route() == data.route() && channel->partner() == nullptr &&
                      channel->drbd_kind() == drbd::StreamKind::meta &&
                      channel->open_at_both_ends();
    if (fits) meta = channel.get();  // the newest
  }
  return meta;
}

void Link::channel_is_settled(Channel& data) {
  Channel* meta = meta_for(data);
  if (meta == nullptr) return;
  Channel::pair(data, *meta);
  log_info("route {}: DRBD's connection: data channel {}, meta channel {}", data.route(),
           data.core().id, meta->core().id);
}

// `channel` is closed, or its leg has said its last: DRBD never closes one half, or one of two.
void Link::partner_ends(Channel& channel) {
  Channel& other = *channel.partner();
  const bool wrong_meta = channel.drbd_kind() == drbd::StreamKind::meta &&
                          other.open_at_both_ends() && meta_for(other) != nullptr;
  if (wrong_meta) {  // the two nodes saw crossed attempts in another order
    channel.unpair();
    channel_is_settled(other);
  } else {
    other.on_partner_ends();
  }
  refresh_routes();
}

// A new handshake is not let in behind the backlog of an old connection: DRBD would wait for
// answers that come when that is drained, and give up. Refused, it tries again.
bool Link::old_pair_lives(const RoutePort& port) const {
  if (port.config.protocol != RouteProtocol::drbd) return false;
  return std::ranges::any_of(channels_, [&](const auto& entry) {
    return entry.second->route() == port.name && entry.second->ending_of_pair();
  });
}

void Link::keep_drbd_numbers(const Channel& channel) {
  const auto port = ports_.find(channel.route());
  if (port == ports_.end() || channel.watch() == nullptr) return;
  port->second.drbd_sent.add(channel.watch()->outgoing());
  port->second.drbd_received.add(channel.watch()->incoming());
  port->second.pings_answered += channel.pings_answered();
  merge(port->second.disks, channel.watch()->disks());
}

// The last word of each, also after the connection that said it: an interrupted resync stays one.
drbd::DisksByVolume Link::disks_of(const RoutePort& port) const {
  drbd::DisksByVolume disks = port.disks;
  for (const auto& [serial, channel] : channels_) {
    if (channel->route() == port.name && channel->watch() != nullptr)
      merge(disks, channel->watch()->disks());
  }
  return disks;
}

std::string Link::disk_trouble(const RoutePort& port) const {
  if (port.config.protocol != RouteProtocol::drbd) return {};
  for (const auto& [volume, disks] : disks_of(port)) {
    const bool peer = cannot_be_used(disks.peer);
    const drbd::DiskState disk = peer ? disks.peer : disks.here;
    if (!cannot_be_used(disk)) continue;
    const bool resync = disk == drbd::DiskState::inconsistent;
    return format("{} DRBD says that its disk of volume {} is {}{}",
                  peer ? "the peer's" : "the local", volume, drbd::to_string(disk),
                  resync ? ": a resync is running, or was interrupted" : "");
  }
  return {};
}

bool Link::answers_pings(const Channel& channel) const {
  if (uplink_.up() || session_ == nullptr || fenced_ || stopping_) return false;
  const auto port = ports_.find(channel.route());
  return port != ports_.end() && port->second.config.answer_pings == AnswerPings::outage;
}

bool Link::peer_is_ahead(const std::string& group) const {
  return std::ranges::any_of(ports_, [&](const auto& entry) {
    const RoutePort& port = entry.second;
    if (port.config.group != group || port.config.protocol != RouteProtocol::drbd) return false;
    return std::ranges::any_of(disks_of(port),
                               [](const auto& disks) { return disks.second.peer_ahead; });
  });
}

DrbdStatus Link::drbd_status(const RoutePort& port) const {
  DrbdStatus status{.answers_pings = port.config.answer_pings == AnswerPings::outage,
                    .pings_answered = port.pings_answered};
  drbd::StreamCounters sent = port.drbd_sent;
  drbd::StreamCounters received = port.drbd_received;
  for (const auto& [serial, channel] : channels_) {
    if (channel->route() != port.name || channel->watch() == nullptr) continue;
    sent.add(channel->watch()->outgoing());
    received.add(channel->watch()->incoming());
    status.pings_answered += channel->pings_answered();
    const bool leads =
        channel->partner() != nullptr && channel->drbd_kind() == drbd::StreamKind::data;
    if (!leads || channel->ending_of_pair()) continue;
    status.paired = true;
    status.barriers_open = channel->barriers().open();
    const auto oldest = channel->barriers().oldest();
    const Duration age = oldest ? loop_.now() - *oldest : Duration(0);
    status.lag_s = std::chrono::duration<double>(age).count();
  }
  status.sent = direction_of(sent);
  status.received = direction_of(received);
  for (const auto& [volume, disks] : disks_of(port)) {
    status.disks[volume] = {.here = std::string(drbd::to_string(disks.here)),
                            .peer = std::string(drbd::to_string(disks.peer))};
    if (disks.here_ahead) status.ahead = "here";
    if (disks.peer_ahead) status.ahead = "peer";
  }
  return status;
}

}  // namespace longthrow
