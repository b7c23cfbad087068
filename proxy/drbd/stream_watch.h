// SPDX-License-Identifier: Apache-2.0
// What one TCP connection of DRBD has shown of itself: is it the data or the meta stream, and has
// its handshake begun. Pure.
//
// DRBD uses two connections. Whoever connects sends a first packet of 8 bytes that names the kind;
// the acceptor says nothing until both are there. Then each side sends its features on the data
// stream (drbd_receiver.c: conn_connect and drbd_do_features, Linux 6.1).
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
  unknown,  // nothing was seen yet
  data,
  meta,
  foreign,  // not DRBD, or not as we know it
};

struct VolumeCounters {
  std::uint64_t writes = 0;
  std::uint64_t write_bytes = 0;   // without DRBD's own 24 bytes for each
  std::uint64_t resync_bytes = 0;  // as above
};

// What was last said of both sides' disks, by volume; unknown: nothing yet.
struct Disks {
  DiskState here = DiskState::unknown;
  DiskState peer = DiskState::unknown;
  bool here_ahead = false;  // our side's DRBD no longer mirrors its writes, see is_ahead()
  bool peer_ahead = false;
};
using DisksByVolume = std::map<std::uint16_t, Disks>;

// Of one direction.
struct StreamCounters {
  static constexpr std::size_t kVolumesMax = 64;  // further ones are counted with kNoVolume

  std::uint64_t packets = 0;
  std::uint64_t barriers = 0;
  bool writes_open = false;  // there were writes after the last barrier
  std::uint64_t barrier_acks = 0;
  std::uint64_t pings = 0;
  std::uint64_t ping_acks = 0;
  std::map<std::uint16_t, VolumeCounters> volumes;

  void add(const StreamCounters& other);
  // Blocks of the volumes, written or resynced: what changes the other side's disk.
  [[nodiscard]] std::uint64_t payload_bytes() const;
  [[nodiscard]] VolumeCounters& of(std::uint16_t volume);
};

class StreamWatch {
 public:
  // Opened here: the connector is on this side, so the first packet goes out.
  explicit StreamWatch(Opener opener) : opened_here_(opener == Opener::here) {}

  // Bytes from the local DRBD to the peer's, and from the peer's to ours, in order.
  void on_outgoing(ByteView bytes) { scan(Direction::out, bytes); }
  void on_incoming(ByteView bytes) { scan(Direction::in, bytes); }

  [[nodiscard]] StreamKind kind() const { return kind_; }
  // Features have passed both ways: DRBD has settled on this data stream.
  [[nodiscard]] bool handshaken() const { return protocol_max_[0] && protocol_max_[1]; }
  // All packets so far were understood, both ways: the counters are complete.
  [[nodiscard]] bool readable() const { return !scanners_[0].opaque() && !scanners_[1].opaque(); }
  [[nodiscard]] const DisksByVolume& disks() const { return disks_; }
  [[nodiscard]] const StreamCounters& outgoing() const { return counters_[0]; }
  [[nodiscard]] const StreamCounters& incoming() const { return counters_[1]; }
  // Where the bytes to our DRBD have come to.
  [[nodiscard]] const PacketScanner& incoming_scanner() const { return scanners_[1]; }
  // The form of our DRBD's last ping; 0: there was none.
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
  std::optional<std::uint32_t> protocol_max_[2];  // as the features say, once they have passed
  DisksByVolume disks_;
  StreamCounters counters_[2];
  std::size_t ping_header_bytes_ = 0;
};

}  // namespace longthrow::drbd
