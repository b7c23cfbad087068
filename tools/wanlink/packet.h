// SPDX-License-Identifier: Apache-2.0
// The frames that a TUN device with IFF_VNET_HDR exchanges, and how a TSO super-packet is cut.
#pragma once

#include <cstdint>
#include <vector>

#include "longthrow/bytes.h"
#include "longthrow/error.h"

namespace longthrow::wanlink {

// struct virtio_net_hdr (virtio 1.0, 5.1.6, legacy form): host byte order on a TUN device.
struct VnetHeader {
  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;
  std::uint16_t header_bytes = 0;
  std::uint16_t segment_bytes = 0;  // TCP payload of each segment but the last
  std::uint16_t checksum_start = 0;
  std::uint16_t checksum_offset = 0;
};
static_assert(sizeof(VnetHeader) == 10);

inline constexpr std::uint8_t kVnetNeedsChecksum = 1;
inline constexpr std::uint8_t kVnetGsoNone = 0;
inline constexpr std::uint8_t kVnetGsoTcp4 = 1;
inline constexpr std::uint8_t kVnetGsoTcp6 = 4;

// A frame: VnetHeader, then the IP packet.
inline constexpr std::size_t kFrameBytesMax = sizeof(VnetHeader) + 65535 + 40;
using Frame = std::vector<std::byte>;

// How a frame divides into the packets of at most one MTU that it stands for. The part of a cut
// that matters for accounting: `ip_bytes` of a range counts the headers that each segment repeats.
struct FrameShape {
  std::size_t segments = 1;
  std::size_t header_bytes = 0;   // IP and TCP headers
  std::size_t payload_bytes = 0;  // after the headers
  std::size_t segment_payload_bytes = 0;
  std::size_t transport_offset = 0;  // of the TCP header in the IP packet

  [[nodiscard]] std::size_t payload_of(std::size_t segment) const;
  [[nodiscard]] std::size_t ip_bytes_of(std::size_t segment) const {
    return header_bytes + payload_of(segment);
  }
};

// Understands a frame as read from the device. A frame that is no super-packet is one segment, its
// contents unread. Fails for a super-packet whose headers do not hold together.
[[nodiscard]] Result<FrameShape> inspect(ByteView frame);

struct SegmentRange {
  std::size_t first = 0;
  std::size_t count = 0;
};
// Makes a frame of its own from some segments: IP length, id and checksum, TCP sequence and flags,
// and the pseudo-header sum are those that the kernel's own segmentation would give. REQUIRES:
// `shape` = inspect(frame); 0 < count; first + count <= segments.
[[nodiscard]] Frame cut(ByteView frame, const FrameShape& shape, SegmentRange range);

// Ones-complement sum (RFC 1071) of `bytes` on top of `sum`, folded, not inverted.
[[nodiscard]] std::uint16_t internet_sum(ByteView bytes, std::uint32_t sum = 0);

}  // namespace longthrow::wanlink
