// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/wanlink/super_packet.h"

#include <algorithm>
#include <cstring>

namespace longthrow::wanlink {
namespace {

constexpr std::size_t kTcpHeader = 32;  // with the time stamp option
constexpr std::uint8_t kTcp = 6;

void put(ByteSpan bytes, std::size_t at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    bytes[at + i] = static_cast<std::byte>(value >> (8 * (width - 1 - i)));
  }
}
std::uint64_t get(ByteView bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value = value << 8 | std::to_integer<unsigned>(bytes[at + i]);
  return value;
}

std::size_t ip_header_of(ByteView ip) { return get(ip, 0, 1) >> 4 == 4 ? 20 : 40; }

std::uint16_t pseudo_sum(ByteView ip) {
  const bool v4 = ip_header_of(ip) == 20;
  const ByteView addresses = v4 ? ip.subspan(12, 8) : ip.subspan(8, 32);
  return internet_sum(addresses, static_cast<std::uint32_t>(kTcp + ip.size() - ip_header_of(ip)));
}

void finish_ip(ByteSpan ip) {
  if (ip_header_of(ip) == 40) return put(ip, 4, ip.size() - 40, 2);
  put(ip, 2, ip.size(), 2);
  put(ip, 10, 0, 2);
  put(ip, 10, static_cast<std::uint16_t>(~internet_sum(ip.first(20))), 2);
}

}  // namespace

Frame make_frame(const SuperPacket& packet) {
  const std::size_t ip_header = packet.ip_version == 4 ? 20 : 40;
  Frame frame(sizeof(VnetHeader) + ip_header + kTcpHeader + packet.payload_bytes);
  const bool super = packet.payload_bytes > packet.segment_payload_bytes;
  const VnetHeader vnet{
      .flags = kVnetNeedsChecksum,
      .gso_type = !super                   ? kVnetGsoNone
                  : packet.ip_version == 4 ? kVnetGsoTcp4
                                           : kVnetGsoTcp6,
      .segment_bytes = static_cast<std::uint16_t>(super ? packet.segment_payload_bytes : 0),
      .checksum_start = static_cast<std::uint16_t>(ip_header),
      .checksum_offset = 16};
  std::memcpy(frame.data(), &vnet, sizeof(vnet));
  const ByteSpan ip = ByteSpan(frame).subspan(sizeof(vnet));
  put(ip, 0, packet.ip_version == 4 ? 0x45 : 0x60, 1);
  put(ip, packet.ip_version == 4 ? 9 : 6, kTcp, 1);
  if (packet.ip_version == 4) put(ip, 4, packet.ip_id, 2);
  for (std::size_t at = packet.ip_version == 4 ? 12 : 8; at < ip_header; ++at)
    put(ip, at, 7 * at, 1);
  finish_ip(ip);
  const ByteSpan tcp = ip.subspan(ip_header);
  put(tcp, 4, packet.sequence, 4);
  put(tcp, 12, kTcpHeader / 4 << 4, 1);
  put(tcp, 13, packet.tcp_flags, 1);
  for (std::size_t at = 20; at < tcp.size(); ++at) put(tcp, at, at * at / 3, 1);
  put(tcp, 16, pseudo_sum(ip), 2);
  return frame;
}

Frame make_small_frame(std::size_t ip_bytes) {
  Frame frame(sizeof(VnetHeader) + ip_bytes);
  frame[sizeof(VnetHeader)] = std::byte{0x45};
  return frame;
}

std::vector<Frame> wire_packets(ByteView frame) {
  VnetHeader vnet;
  std::memcpy(&vnet, frame.data(), sizeof(vnet));
  const ByteView ip = frame.subspan(sizeof(vnet));
  const std::size_t headers = ip_header_of(ip) + kTcpHeader;
  const std::size_t total = ip.size() - headers;
  const std::size_t step = vnet.gso_type == kVnetGsoNone ? total : vnet.segment_bytes;
  std::vector<Frame> packets;
  for (std::size_t at = 0; at < total; at += step) {
    const std::size_t bytes = std::min(step, total - at);
    Frame packet(ip.begin(), ip.begin() + static_cast<std::ptrdiff_t>(headers));
    const ByteView payload = ip.subspan(headers + at, bytes);
    packet.insert(packet.end(), payload.begin(), payload.end());
    const ByteSpan tcp = ByteSpan(packet).subspan(ip_header_of(ip));
    put(tcp, 4, get(tcp, 4, 4) + at, 4);
    std::uint64_t flags = get(tcp, 13, 1);
    if (at != 0) flags &= 0x7fU;
    if (at + bytes != total) flags &= 0xf6U;
    put(tcp, 13, flags, 1);
    if (ip_header_of(ip) == 20) put(packet, 4, get(packet, 4, 2) + packets.size(), 2);
    finish_ip(packet);
    // The frame's sum must be that of the pseudo header of the whole; what is finished uses its
    // own.
    if (get(ip, ip_header_of(ip) + 16, 2) != pseudo_sum(ip)) return {};
    put(tcp, 16, pseudo_sum(packet), 2);
    put(tcp, 16, static_cast<std::uint16_t>(~internet_sum(tcp)), 2);
    packets.push_back(std::move(packet));
  }
  return packets;
}

bool checksums_hold(ByteView ip) {
  const bool header = ip_header_of(ip) == 40 || internet_sum(ip.first(20)) == 0xffff;
  return header && internet_sum(ip.subspan(ip_header_of(ip)), pseudo_sum(ip)) == 0xffff;
}

}  // namespace longthrow::wanlink
