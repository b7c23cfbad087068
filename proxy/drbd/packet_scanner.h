// SPDX-License-Identifier: Apache-2.0
// DRBD's packets in a byte stream, found by their headers. Pure; allocates nothing.
//
// Three headers are in use, all in network byte order; the length counts everything behind the
// header (drbd_headers.h and prepare_header in Linux 6.1, drivers/block/drbd):
//
//  - 8 bytes, protocol < 95 and every handshake: u32 0x83740267, u16 command, u16 length
//  - 8 bytes, protocol 95 to 99, long packets: u16 0x835a, u16 command, u32 length
//  - 16 bytes, protocol >= 100: u32 0x8620ec20, u16 volume, u16 command, u32 length, u32 0
//
// Anything else makes the stream opaque for good: kTLS, a later protocol, or no DRBD at all. It is
// then carried like any other stream; nothing depends on understanding the packets.
#pragma once

#include <array>
#include <cstdint>

#include "longthrow/bytes.h"

namespace longthrow::drbd {

// The commands that Longthrow looks at (drbd_protocol.h, Linux 6.1).
enum class Command : std::uint16_t {
  data = 0x00,
  resync_data = 0x02,
  barrier = 0x03,
  state = 0x0e,
  sync_uuid = 0x0f,
  ping = 0x13,
  ping_ack = 0x14,
  barrier_ack = 0x1c,
  initial_meta = 0xfff1,  // the first packet of a meta stream
  initial_data = 0xfff2,  // the first packet of a data stream
  connection_features = 0xfffe,
};

struct Packet {
  Command command{};
  std::uint16_t volume = 0;  // kNoVolume: the header has none
  std::uint32_t payload_bytes = 0;
  std::uint8_t header_bytes = 0;  // 8 or 16
  // The first words of the payload, of the packets that are looked into; else 0.
  //   barrier, barrier_ack: the barrier's handle
  //   state: union drbd_state (include/linux/drbd.h)
  //   connection_features: lowest protocol, feature flags, highest protocol
  std::array<std::uint32_t, 3> words{};
};
inline constexpr std::uint16_t kNoVolume = 0xffff;

// One direction of one TCP stream. Bytes may come in any pieces.
class PacketScanner {
 public:
  // Longer than any packet of DRBD 8.4 or 9 (1 MiB of data). A header that claims more is none of
  // DRBD's.
  static constexpr std::uint32_t kPayloadBytesMax = 16 * kMiB;

  // Calls `on_packet(const Packet&)` for each packet whose header (and words) are complete.
  template <typename OnPacket>
  void scan(ByteView bytes, OnPacket&& on_packet) {
    while (!opaque_ && !bytes.empty()) {
      if (collect(bytes)) on_packet(packet_);
    }
  }
  // Whether some place in the stream was no packet. Packets are not reported any more then.
  [[nodiscard]] bool opaque() const { return opaque_; }
  // Whether the stream is between two packets, or at its very beginning.
  [[nodiscard]] bool at_boundary() const { return have_ == 0 && skip_bytes_ == 0; }
  // Whether a packet has begun and its command is not known yet.
  [[nodiscard]] bool in_header() const { return have_ > 0 && !opaque_; }

 private:
  static constexpr std::size_t kHeaderBytesMax = 16;

  // Takes bytes off the front; true when `packet_` is complete.
  bool collect(ByteView& bytes);
  // How many bytes `head_` needs for the next step; 0: the stream is opaque.
  [[nodiscard]] std::size_t wanted_bytes() const;
  [[nodiscard]] std::size_t header_bytes() const;
  void parse();

  std::array<std::byte, kHeaderBytesMax + sizeof(Packet::words)> head_{};
  std::size_t have_ = 0;          // of head_
  std::uint64_t skip_bytes_ = 0;  // of the present packet's payload
  Packet packet_;
  bool opaque_ = false;
};

}  // namespace longthrow::drbd
