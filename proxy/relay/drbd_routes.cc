// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/drbd_routes.h"

#include <algorithm>

#include "proxy/base/log.h"

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

// DRBD's crossed attempts leave at most one meta stream that is open at both ends when its features
// have passed both ways on the data stream. It may have been opened by the other node.
Channel* meta_for(const Channel& data) {
  Channel* meta = nullptr;
  for (const auto& [serial, channel] : data.route().channels) {
    const bool fits = channel->partner() == nullptr &&
                      channel->drbd_kind() == drbd::StreamKind::meta &&
                      channel->open_at_both_ends();
    if (fits) meta = channel;  // the newest
  }
  return meta;
}

bool old_pair_lives(const Route& route) {
  if (route.config.protocol != RouteProtocol::drbd) return false;
  return std::ranges::any_of(route.channels,
                             [](const auto& entry) { return entry.second->ending_of_pair(); });
}

void keep_drbd_numbers(const Channel& channel) {
  Route& route = channel.route();
  if (!route.configured() || channel.watch() == nullptr) return;
  route.drbd.sent.add(channel.watch()->outgoing());
  route.drbd.received.add(channel.watch()->incoming());
  route.drbd.pings_answered += channel.pings_answered();
  merge(route.drbd.disks, channel.watch()->disks());
}

drbd::DisksByVolume disks_of(const Route& route) {
  drbd::DisksByVolume disks = route.drbd.disks;
  for (const auto& [serial, channel] : route.channels) {
    if (channel->watch() != nullptr) merge(disks, channel->watch()->disks());
  }
  return disks;
}

std::string disk_trouble(const Route& route) {
  if (route.config.protocol != RouteProtocol::drbd) return {};
  for (const auto& [volume, disks] : disks_of(route)) {
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

std::string unreadable_disks(const Route& route) {
  if (route.config.protocol != RouteProtocol::drbd || !route.health.carried()) return {};
  const drbd::DisksByVolume disks = disks_of(route);
  if (disks.empty()) return "what DRBD says of its disks cannot be read, or it has not said it yet";
  for (const auto& [volume, each] : disks) {
    const bool here = each.here == drbd::DiskState::unknown;
    if (here || each.peer == drbd::DiskState::unknown) {
      return format("DRBD has not said yet how {} disk of volume {} is",
                    here ? "the local" : "the peer's", volume);
    }
  }
  return {};
}

bool peer_is_ahead(const Route& route) {
  if (route.config.protocol != RouteProtocol::drbd) return false;
  return std::ranges::any_of(disks_of(route),
                             [](const auto& disks) { return disks.second.peer_ahead; });
}

DrbdStatus drbd_status(const Route& route, TimePoint now) {
  DrbdStatus status{.answers_pings = route.config.answer_pings == AnswerPings::outage,
                    .pings_answered = route.drbd.pings_answered};
  drbd::StreamCounters sent = route.drbd.sent;
  drbd::StreamCounters received = route.drbd.received;
  for (const auto& [serial, channel] : route.channels) {
    if (channel->watch() == nullptr) continue;
    sent.add(channel->watch()->outgoing());
    received.add(channel->watch()->incoming());
    status.pings_answered += channel->pings_answered();
    const bool leads =
        channel->partner() != nullptr && channel->drbd_kind() == drbd::StreamKind::data;
    if (!leads || channel->ending_of_pair()) continue;
    status.paired = true;
    status.barriers_open = channel->barriers().open();
    const auto oldest = channel->barriers().oldest();
    const Duration age = oldest ? now - *oldest : Duration(0);
    status.lag_s = std::chrono::duration<double>(age).count();
  }
  status.sent = direction_of(sent);
  status.received = direction_of(received);
  for (const auto& [volume, disks] : disks_of(route)) {
    status.disks[volume] = {.here = std::string(drbd::to_string(disks.here)),
                            .peer = std::string(drbd::to_string(disks.peer))};
    if (disks.here_ahead) status.ahead = "here";
    if (disks.peer_ahead) status.ahead = "peer";
  }
  return status;
}

}  // namespace longthrow
