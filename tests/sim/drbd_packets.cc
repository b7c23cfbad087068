// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/drbd_packets.h"

#include <algorithm>
#include <array>

namespace longthrow::sim {
namespace {

constexpr std::uint32_t kMagicOf8 = 0x83740267;
constexpr std::uint32_t kMagicOf16 = 0x8620ec20;
constexpr std::uint32_t kPayloadBytesMax = 2 * kMiB;

std::uint64_t number_at(ByteView bytes, std::size_t offset, std::size_t length) {
  if (offset + length > bytes.size()) return 0;
  std::uint64_t value = 0;
  for (const std::byte byte : bytes.subspan(offset, length))
    value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

// Of one volume; the others are the connection's.
bool names_volume(DrbdCommand command) {
  switch (command) {
    case DrbdCommand::data:
    case DrbdCommand::resync_reply:
    case DrbdCommand::bitmap:
    case DrbdCommand::resync_request:
    case DrbdCommand::sizes:
    case DrbdCommand::state:
    case DrbdCommand::sync_uuid:
    case DrbdCommand::write_ack:
    case DrbdCommand::resync_write_ack:
    case DrbdCommand::out_of_sync:
      return true;
    default:
      return false;
  }
}

}  // namespace

DrbdPayload& DrbdPayload::number(std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    bytes_.push_back(static_cast<std::byte>(value >> shift & 0xff));
  return *this;
}

std::uint32_t DrbdPacket::u32(std::size_t offset) const {
  return static_cast<std::uint32_t>(number_at(payload, offset, 4));
}
std::uint64_t DrbdPacket::u64(std::size_t offset) const { return number_at(payload, offset, 8); }

std::vector<std::byte> encode_drbd(DrbdHeader header, DrbdCommand command,
                                   const DrbdPayload& payload) {
  DrbdPayload head;
  const auto length = static_cast<std::uint32_t>(payload.bytes().size());
  const auto number = static_cast<std::uint32_t>(command);
  if (header == DrbdHeader::of_8_bytes) {
    LT_ASSERT(length < 0x10000);
    head.u32(kMagicOf8).u32(number << 16 | length);
  } else {
    const std::uint32_t volume = names_volume(command) ? 0 : 0xffff;
    head.u32(kMagicOf16).u32(volume << 16 | number).u32(length).u32(0);
  }
  std::vector<std::byte> bytes(head.bytes().begin(), head.bytes().end());
  bytes.insert(bytes.end(), payload.bytes().begin(), payload.bytes().end());
  return bytes;
}

std::optional<DrbdPacket> DrbdReader::next(DrbdHeader header) {
  const bool is_short = header == DrbdHeader::of_8_bytes;
  const std::size_t header_bytes = is_short ? 8 : 16;
  if (broken_ || ring_.size() < header_bytes) return std::nullopt;
  std::array<std::byte, 16> head{};
  ring_.peek(0, ByteSpan(head).first(header_bytes));
  const std::size_t length = is_short ? number_at(head, 6, 2) : number_at(head, 8, 4);
  const std::size_t command = is_short ? number_at(head, 4, 2) : number_at(head, 6, 2);
  broken_ = number_at(head, 0, 4) != (is_short ? kMagicOf8 : kMagicOf16) ||
            (!is_short && number_at(head, 12, 4) != 0) || length > kPayloadBytesMax;
  if (broken_ || ring_.size() < header_bytes + length) return std::nullopt;
  DrbdPacket packet{.command = static_cast<DrbdCommand>(command), .payload = {}};
  packet.payload.resize(length);
  ring_.peek(header_bytes, packet.payload);
  ring_.consume(header_bytes + length);
  return packet;
}

}  // namespace longthrow::sim
