// SPDX-License-Identifier: Apache-2.0
// Super-packets as a TUN device gives them, and a plain segmentation to compare cuts with.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/wanlink/packet.h"

namespace longthrow::wanlink {

struct SuperPacket {
  int ip_version = 4;
  std::size_t payload_bytes = 10000;
  std::size_t segment_payload_bytes = 1448;
  std::uint8_t tcp_flags = 0x99;        // CWR, ACK, PSH, FIN
  std::uint32_t sequence = 0xfffff000;  // wraps within the packet
  std::uint16_t ip_id = 0xfffe;         // so does this
};

[[nodiscard]] Frame make_frame(const SuperPacket& packet);
// A frame of one packet that is no TCP super-packet.
[[nodiscard]] Frame make_small_frame(std::size_t ip_bytes);

// The IP packets that finally go over a wire for a frame: segmented and with finished checksums, by
// a method of its own (each field built from scratch).
[[nodiscard]] std::vector<Frame> wire_packets(ByteView frame);
// Whether the checksums of a finished packet hold, as a receiver checks them.
[[nodiscard]] bool checksums_hold(ByteView ip);

}  // namespace longthrow::wanlink
