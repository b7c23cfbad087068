// SPDX-License-Identifier: Apache-2.0
#include "proxy/drbd/stream_watch.h"

#include <algorithm>

namespace longthrow::drbd {
namespace {

constexpr std::uint32_t kDataHeaderBytes = 24;  // struct p_data: sector, block, sequence, flags

std::uint64_t data_bytes(const Packet& packet) {
  return packet.payload_bytes - std::min(packet.payload_bytes, kDataHeaderBytes);
}

}  // namespace

std::uint64_t StreamCounters::payload_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [number, volume] : volumes) bytes += volume.write_bytes + volume.resync_bytes;
  return bytes;
}

VolumeCounters& StreamCounters::of(std::uint16_t volume) {
  const bool room = volumes.size() < kVolumesMax || volumes.contains(volume);
  return volumes[room ? volume : kNoVolume];
}

void StreamCounters::add(const StreamCounters& other) {
  packets += other.packets;
  barriers += other.barriers;
  barrier_acks += other.barrier_acks;
  for (const auto& [volume, counters] : other.volumes) {
    VolumeCounters& sum = of(volume);
    sum.writes += counters.writes;
    sum.write_bytes += counters.write_bytes;
    sum.resync_bytes += counters.resync_bytes;
  }
}

void StreamWatch::scan(Direction direction, ByteView bytes) {
  PacketScanner& scanner = scanners_[index(direction)];
  scanner.scan(bytes, [&](const Packet& packet) { on_packet(direction, packet); });
  // The kind of a stream stays known when the stream becomes opaque later (kTLS begins after the
  // first packet).
  const bool from_connector = opened_here_ == (direction == Direction::out);
  if (scanner.opaque() && from_connector && kind_ == StreamKind::unknown) {
    kind_ = StreamKind::foreign;
  }
}

void StreamWatch::on_packet(Direction direction, const Packet& packet) {
  StreamCounters& counters = counters_[index(direction)];
  ++counters.packets;
  const bool from_connector = opened_here_ == (direction == Direction::out);
  if (kind_ == StreamKind::unknown && from_connector) {
    kind_ = packet.command == Command::initial_data   ? StreamKind::data
            : packet.command == Command::initial_meta ? StreamKind::meta
                                                      : StreamKind::foreign;
  }
  switch (packet.command) {
    case Command::data: {
      VolumeCounters& volume = counters.of(packet.volume);
      ++volume.writes;
      volume.write_bytes += data_bytes(packet);
      counters.writes_open = true;
      break;
    }
    case Command::resync_data:
      counters.of(packet.volume).resync_bytes += data_bytes(packet);
      break;
    case Command::barrier:
      ++counters.barriers;
      counters.writes_open = false;
      break;
    case Command::barrier_ack:
      ++counters.barrier_acks;
      break;
    case Command::ping:
      ++counters.pings;
      if (direction == Direction::out) ping_header_bytes_ = packet.header_bytes;
      break;
    case Command::ping_ack:
      ++counters.ping_acks;
      break;
    case Command::connection_features:
      protocol_max_[index(direction)] = packet.words[2];
      break;
    case Command::state:
      on_state(direction, packet);
      break;
    case Command::sync_uuid:
      if (Disks* disks = disks_of(packet.volume)) {
        // The source of a resync announces the resync, and no state: drbd_start_resync, Linux 6.1.
        // Its target sends a state when it is done.
        (direction == Direction::out ? disks->peer : disks->here) = DiskState::inconsistent;
      }
      break;
    default:
      break;
  }
}

// Both sides speak the highest protocol that both know.
StateNumbers StreamWatch::state_numbers() const {
  return handshaken() ? numbers_of(std::min(*protocol_max_[0], *protocol_max_[1]))
                      : StateNumbers::unknown;
}

Disks* StreamWatch::disks_of(std::uint16_t volume) {
  const bool known = state_numbers() != StateNumbers::unknown;
  const bool room = disks_.size() < StreamCounters::kVolumesMax || disks_.contains(volume);
  return known && room ? &disks_[volume] : nullptr;
}

void StreamWatch::on_state(Direction direction, const Packet& packet) {
  Disks* found = disks_of(packet.volume);
  if (found == nullptr) return;
  Disks& disks = *found;
  const bool out = direction == Direction::out;
  (out ? disks.here : disks.peer) = own_disk(packet.words[0], state_numbers());
  (out ? disks.here_ahead : disks.peer_ahead) = is_ahead(packet.words[0]);
  // The owner of a disk does not report every change: a skipped first resync makes both disks up to
  // date.
  const DiskState other = peers_disk(packet.words[0], state_numbers());
  if (other != DiskState::unknown) (out ? disks.peer : disks.here) = other;
}

}  // namespace longthrow::drbd
