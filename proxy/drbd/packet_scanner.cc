// SPDX-License-Identifier: Apache-2.0
#include "proxy/drbd/packet_scanner.h"

#include <algorithm>

namespace longthrow::drbd {
namespace {

constexpr std::uint32_t kMagic80 = 0x83740267;
constexpr std::uint32_t kMagic95 = 0x835a;
constexpr std::uint32_t kMagic100 = 0x8620ec20;
constexpr std::size_t kMagicBytes = 4;

std::uint32_t big_endian(ByteView bytes) {
  std::uint32_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint32_t>(byte);
  return value;
}

constexpr std::size_t kWordBytes = 4;

// How many bytes of the payload the scanner looks into.
std::size_t words_bytes(const Packet& packet) {
  std::size_t words = 0;
  switch (packet.command) {
    case Command::barrier:
    case Command::barrier_ack:
    case Command::state:
      words = 1;
      break;
    case Command::connection_features:
      words = 3;
      break;
    default:
      break;
  }
  return packet.payload_bytes >= words * kWordBytes ? words * kWordBytes : 0;
}

}  // namespace

std::size_t PacketScanner::header_bytes() const {
  const ByteView head(head_);
  if (big_endian(head.first(4)) == kMagic100) return 16;
  if (big_endian(head.first(4)) == kMagic80 || big_endian(head.first(2)) == kMagic95) return 8;
  return 0;
}

void PacketScanner::parse() {
  const ByteView head(head_);
  packet_ = Packet{.volume = kNoVolume};
  if (header_bytes() == 16) {
    packet_.volume = static_cast<std::uint16_t>(big_endian(head.subspan(4, 2)));
    packet_.command = static_cast<Command>(big_endian(head.subspan(6, 2)));
    packet_.payload_bytes = big_endian(head.subspan(8, 4));
    opaque_ = big_endian(head.subspan(12, 4)) != 0;
  } else if (big_endian(head.first(4)) == kMagic80) {
    packet_.command = static_cast<Command>(big_endian(head.subspan(4, 2)));
    packet_.payload_bytes = big_endian(head.subspan(6, 2));
  } else {
    packet_.command = static_cast<Command>(big_endian(head.subspan(2, 2)));
    packet_.payload_bytes = big_endian(head.subspan(4, 4));
  }
  packet_.header_bytes = static_cast<std::uint8_t>(header_bytes());
  if (packet_.payload_bytes > kPayloadBytesMax) opaque_ = true;
}

std::size_t PacketScanner::wanted_bytes() const {
  if (have_ < kMagicBytes) return kMagicBytes;
  const std::size_t header = header_bytes();
  if (have_ < header || header == 0) return header;
  return header + words_bytes(packet_);
}

bool PacketScanner::collect(ByteView& bytes) {
  if (skip_bytes_ > 0) {
    const auto skipped = std::min<std::uint64_t>(skip_bytes_, bytes.size());
    skip_bytes_ -= skipped;
    bytes = bytes.subspan(skipped);
    return false;
  }
  const std::size_t wanted = wanted_bytes();
  const std::size_t taken = std::min(wanted - have_, bytes.size());
  std::copy_n(bytes.begin(), taken, head_.begin() + static_cast<std::ptrdiff_t>(have_));
  bytes = bytes.subspan(taken);
  have_ += taken;
  if (have_ < wanted) return false;
  const std::size_t header = header_bytes();
  if (header == 0) {
    opaque_ = true;
    return false;
  }
  if (have_ < header) return false;
  if (have_ == header) {
    parse();
    if (opaque_ || words_bytes(packet_) > 0) return false;
  } else {
    for (std::size_t i = 0; i < words_bytes(packet_) / kWordBytes; ++i) {
      packet_.words[i] = big_endian(ByteView(head_).subspan(header + i * kWordBytes, kWordBytes));
    }
  }
  skip_bytes_ = packet_.payload_bytes - (have_ - header);
  have_ = 0;
  return true;
}

}  // namespace longthrow::drbd
