// SPDX-License-Identifier: Apache-2.0
// Cutting super-packets.
//
// With TUNSETOFFLOAD the kernel hands over TCP super-packets of up to 64 KiB: one IP and one TCP
// header that stand for many segments. A frame of several segments leaves the checksum to whoever
// finishes it: the TCP checksum field holds only the (not inverted) sum of the pseudo header, which
// contains the TCP length. A cut therefore has to correct that sum for the new length, besides the
// fields that differ between segments: IP length, the IPv4 id (it counts up by segment) and header
// checksum, the sequence number, FIN and PSH (last segment only) and CWR (first only; RFC 3168).
// The TCP header is found by checksum_start, which holds also behind IPv6 extension headers;
// header_bytes of the vnet header is only a hint (virtio 1.0, 5.1.6.2) and not relied on.
#include "tools/wanlink/packet.h"

#include <algorithm>
#include <cstring>

namespace longthrow::wanlink {
namespace {

constexpr std::size_t kIp4HeaderMin = 20;
constexpr std::size_t kIp6Header = 40;
constexpr std::size_t kTcpHeaderMin = 20;
constexpr std::size_t kTcpFlags = 13;
constexpr std::size_t kTcpChecksum = 16;
constexpr std::byte kFin{0x01};
constexpr std::byte kPsh{0x08};
constexpr std::byte kCwr{0x80};

std::size_t load16(ByteView bytes, std::size_t at) {
  return std::to_integer<std::size_t>(bytes[at]) << 8 | std::to_integer<std::size_t>(bytes[at + 1]);
}
void store16(ByteSpan bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::byte>(value >> 8);
  bytes[at + 1] = static_cast<std::byte>(value);
}
void add32(ByteSpan bytes, std::size_t at, std::size_t amount) {
  const std::size_t value = (load16(bytes, at) << 16 | load16(bytes, at + 2)) + amount;
  store16(bytes, at, value >> 16 & 0xffff);
  store16(bytes, at + 2, value & 0xffff);
}

VnetHeader vnet_of(ByteView frame) {
  VnetHeader header;
  std::memcpy(&header, frame.data(), sizeof(header));
  return header;
}

Error malformed(const char* what) {
  return Error{.message = std::string("malformed super-packet: ") + what};
}

// The IP header's length for a super-packet of the given kind.
Result<std::size_t> ip_header_bytes(ByteView ip, std::uint8_t gso_type) {
  const auto version = std::to_integer<unsigned>(ip[0]) >> 4;
  if (gso_type == kVnetGsoTcp4 && version == 4) {
    return (std::to_integer<std::size_t>(ip[0]) & 0x0f) * 4;
  }
  if (gso_type == kVnetGsoTcp6 && version == 6) return kIp6Header;
  return std::unexpected(malformed("not TCP over the IP version it claims"));
}

// Corrects the IP header for a packet of `ip.size()` bytes whose first segment was `first`-th.
void fix_ip(ByteSpan ip, std::size_t first) {
  if (std::to_integer<unsigned>(ip[0]) >> 4 == 6) {
    store16(ip, 4, ip.size() - kIp6Header);
    return;
  }
  const std::size_t header_bytes = (std::to_integer<std::size_t>(ip[0]) & 0x0f) * 4;
  store16(ip, 2, ip.size());
  store16(ip, 4, (load16(ip, 4) + first) & 0xffff);
  store16(ip, 10, 0);
  store16(ip, 10, static_cast<std::uint16_t>(~internet_sum(ip.first(header_bytes))));
}

}  // namespace

std::uint16_t internet_sum(ByteView bytes, std::uint32_t sum) {
  std::uint64_t total = sum;
  std::size_t at = 0;
  for (; at + 1 < bytes.size(); at += 2) total += load16(bytes, at);
  if (at < bytes.size()) total += std::to_integer<std::uint64_t>(bytes[at]) << 8;
  while (total >> 16 != 0) total = (total & 0xffff) + (total >> 16);
  return static_cast<std::uint16_t>(total);
}

std::size_t FrameShape::payload_of(std::size_t segment) const {
  if (segments == 1) return payload_bytes;
  return std::min(segment_payload_bytes, payload_bytes - segment * segment_payload_bytes);
}

Result<FrameShape> inspect(ByteView frame) {
  if (frame.size() <= sizeof(VnetHeader)) return std::unexpected(malformed("no IP packet"));
  const VnetHeader vnet = vnet_of(frame);
  const ByteView ip = frame.subspan(sizeof(VnetHeader));
  if (vnet.gso_type == kVnetGsoNone) return FrameShape{.payload_bytes = ip.size()};

  const auto ip_header = ip_header_bytes(ip, vnet.gso_type);
  if (!ip_header) return std::unexpected(ip_header.error());
  const std::size_t tcp = vnet.checksum_start;
  if ((vnet.flags & kVnetNeedsChecksum) == 0 || vnet.checksum_offset != kTcpChecksum) {
    return std::unexpected(malformed("its TCP checksum is not left to the device"));
  }
  if (*ip_header < kIp4HeaderMin || tcp < *ip_header || tcp + kTcpHeaderMin > ip.size()) {
    return std::unexpected(malformed("its headers are cut short"));
  }
  const std::size_t tcp_header = (std::to_integer<std::size_t>(ip[tcp + 12]) >> 4) * 4;
  if (tcp_header < kTcpHeaderMin || tcp + tcp_header >= ip.size() || vnet.segment_bytes == 0) {
    return std::unexpected(malformed("it has no segments"));
  }
  FrameShape shape{.header_bytes = tcp + tcp_header,
                   .payload_bytes = ip.size() - tcp - tcp_header,
                   .segment_payload_bytes = vnet.segment_bytes,
                   .transport_offset = tcp};
  shape.segments = (shape.payload_bytes + vnet.segment_bytes - 1) / vnet.segment_bytes;
  return shape;
}

Frame cut(ByteView frame, const FrameShape& shape, SegmentRange range) {
  LT_ASSERT(range.count > 0 && range.first + range.count <= shape.segments);
  if (range.count == shape.segments) return Frame(frame.begin(), frame.end());

  const std::size_t skipped = range.first * shape.segment_payload_bytes;
  const std::size_t payload =
      std::min(range.count * shape.segment_payload_bytes, shape.payload_bytes - skipped);
  const ByteView headers = frame.first(sizeof(VnetHeader) + shape.header_bytes);
  Frame piece(headers.size() + payload);
  std::memcpy(piece.data(), headers.data(), headers.size());
  std::memcpy(piece.data() + headers.size(), frame.data() + headers.size() + skipped, payload);

  VnetHeader vnet = vnet_of(frame);
  vnet.header_bytes = static_cast<std::uint16_t>(shape.header_bytes);
  if (range.count == 1) {
    vnet.gso_type = kVnetGsoNone;
    vnet.segment_bytes = 0;
  }
  std::memcpy(piece.data(), &vnet, sizeof(vnet));

  const ByteSpan ip = ByteSpan(piece).subspan(sizeof(VnetHeader));
  fix_ip(ip, range.first);
  const ByteSpan tcp = ip.subspan(shape.transport_offset);
  add32(tcp, 4, skipped);
  if (range.first != 0) tcp[kTcpFlags] &= ~kCwr;
  if (range.first + range.count != shape.segments) tcp[kTcpFlags] &= ~(kFin | kPsh);
  // RFC 1624: sum' = sum + ~old length + new length.
  const std::size_t old_length = shape.header_bytes - shape.transport_offset + shape.payload_bytes;
  const auto correction = static_cast<std::uint32_t>((~old_length & 0xffff) + tcp.size());
  store16(tcp, kTcpChecksum, internet_sum(tcp.subspan(kTcpChecksum, 2), correction));
  return piece;
}

}  // namespace longthrow::wanlink
