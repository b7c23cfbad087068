// SPDX-License-Identifier: Apache-2.0
// What the packets on one TCP connection of DRBD have shown: whether it is the data or the meta
// stream, whether its handshake is done, what was sent, and the state of the disks. Pure.
//
// DRBD uses two connections. The side that connects sends a first packet of 8 bytes that names the
// kind. The side that accepts is silent until both connections are there. Then each side sends its
// features on the data stream (drbd_receiver.c: conn_connect and drbd_do_features, Linux 6.1).
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "longthrow/bytes.h"
#include "proxy/drbd/disk_state.h"
#include "proxy/drbd/packet_scanner.h"
#include "proxy/guides/stream_guide.h"

namespace longthrow::drbd {

enum class StreamKind : std::uint8_t {
  unknown,  // no packet was seen yet
  data,
  meta,
  foreign,  // not DRBD, or not as we know it
};

struct VolumeCounters {
  std::uint64_t writes = 0;
  std::uint64_t write_bytes = 0;   // without DRBD's own 24 bytes for each
  std::uint64_t resync_bytes = 0;  // as above
};

// The last known state of both sides' disks, by volume; unknown: nothing was said yet.
struct Disks {
  DiskState here = DiskState::unknown;
  DiskState peer = DiskState::unknown;
  bool here_ahead = false;  // our side's DRBD no longer mirrors its writes, see is_ahead()
  bool peer_ahead = false;
};
using DisksByVolume = std::map<std::uint16_t, Disks>;

// Counts one direction.
struct StreamCounters {
  static constexpr std::size_t kVolumesMax = 64;  // further ones are counted with kNoVolume

  std::uint64_t packets = 0;
  std::uint64_t barriers = 0;
  bool writes_open = false;  // writes came after the last barrier
  std::uint64_t barrier_acks = 0;
  std::uint64_t pings = 0;
  std::uint64_t ping_acks = 0;
  std::map<std::uint16_t, VolumeCounters> volumes;

  void add(const StreamCounters& other);
  // Bytes of blocks, written or resynced: what changes the other side's disk.
  [[nodiscard]] std::uint64_t payload_bytes() const;
  [[nodiscard]] VolumeCounters& of(std::uint16_t volume);
};

class StreamWatch {
 public:
  // If it was opened here, the connector is on this side, so the first packet goes out.
  explicit StreamWatch(Opener opener) : opened_here_(opener == Opener::here) {}

  // Bytes from the local DRBD to the peer's, and from the peer's to ours, in order.
  void on_outgoing(ByteView bytes) { scan(Direction::out, bytes); }
  void on_incoming(ByteView bytes) { scan(Direction::in, bytes); }

  [[nodiscard]] StreamKind kind() const { return kind_; }
  // Whether features have passed both ways: DRBD has settled on this data stream.
  [[nodiscard]] bool handshaken() const { return protocol_max_[0] && protocol_max_[1]; }
  // Whether all packets so far were understood, both ways, so that the counters are complete.
  [[nodiscard]] bool readable() const { return !scanners_[0].opaque() && !scanners_[1].opaque(); }
  [[nodiscard]] const DisksByVolume& disks() const { return disks_; }
  [[nodiscard]] const StreamCounters& outgoing() const { return counters_[0]; }
  [[nodiscard]] const StreamCounters& incoming() const { return counters_[1]; }
  // The scanner of the bytes to our DRBD.
  [[nodiscard]] const PacketScanner& incoming_scanner() const { return scanners_[1]; }
  // The header bytes of our DRBD's last ping; 0: there was none.
  [[nodiscard]] std::size_t ping_header_bytes() const { return ping_header_bytes_; }

 private:
  enum class Direction : std::uint8_t { out, in };
  static std::size_t index(Direction direction) { return direction == Direction::out ? 0 : 1; }

  void scan(Direction direction, ByteView bytes);
  void on_packet(Direction direction, const Packet& packet);
  [[nodiscard]] StateNumbers state_numbers() const;
  // Null: the protocol is not understood, or there are too many volumes.
  [[nodiscard]] Disks* disks_of(std::uint16_t volume);
  void on_state(Direction direction, const Packet& packet);

  const bool opened_here_;
  StreamKind kind_ = StreamKind::unknown;
  PacketScanner scanners_[2];
  std::optional<std::uint32_t> protocol_max_[2];  // from the features, once they have passed
  DisksByVolume disks_;
  StreamCounters counters_[2];
  std::size_t ping_header_bytes_ = 0;
};

}  // namespace longthrow::drbd
