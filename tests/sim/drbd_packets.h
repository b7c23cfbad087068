// SPDX-License-Identifier: Apache-2.0
// DRBD's packets as the simulated DRBD writes and reads them. On purpose it shares nothing with
// proxy/drbd: both follow the description of the protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "longthrow/bytes.h"
#include "tests/sim/byte_ring.h"

namespace longthrow::sim {

enum class DrbdCommand : std::uint16_t {
  data = 0x00,
  resync_reply = 0x02,
  barrier = 0x03,
  bitmap = 0x04,
  resync_request = 0x09,
  protocol = 0x0b,
  sizes = 0x0d,
  state = 0x0e,
  sync_uuid = 0x0f,
  ping = 0x13,
  ping_ack = 0x14,
  write_ack = 0x16,
  resync_write_ack = 0x17,
  barrier_ack = 0x1c,
  out_of_sync = 0x28,
  initial_meta = 0xfff1,
  initial_data = 0xfff2,
  features = 0xfffe,
};

// What stands before the payload. Handshakes begin with the short one.
enum class DrbdHeader : std::uint8_t {
  of_8_bytes,   // protocols before 95
  of_16_bytes,  // from 100 on, with a volume
};
[[nodiscard]] constexpr DrbdHeader header_of(std::uint32_t protocol) {
  return protocol < 100 ? DrbdHeader::of_8_bytes : DrbdHeader::of_16_bytes;
}

// Numbers in network byte order.
class DrbdPayload {
 public:
  DrbdPayload& u32(std::uint32_t value) { return number(value, 4); }
  DrbdPayload& u64(std::uint64_t value) { return number(value, 8); }
  DrbdPayload& zeros(std::size_t bytes) {
    bytes_.resize(bytes_.size() + bytes);
    return *this;
  }
  // So many bytes more, to be filled by the caller.
  [[nodiscard]] ByteSpan space(std::size_t bytes) {
    zeros(bytes);
    return ByteSpan(bytes_).last(bytes);
  }
  [[nodiscard]] ByteView bytes() const { return bytes_; }

 private:
  DrbdPayload& number(std::uint64_t value, int bytes);
  std::vector<std::byte> bytes_;
};

struct DrbdPacket {
  DrbdCommand command{};
  std::vector<std::byte> payload;

  // Of the payload; 0 where it is too short.
  [[nodiscard]] std::uint32_t u32(std::size_t offset) const;
  [[nodiscard]] std::uint64_t u64(std::size_t offset) const;
};

[[nodiscard]] std::vector<std::byte> encode_drbd(DrbdHeader header, DrbdCommand command,
                                                 const DrbdPayload& payload = {});

// Packets from the bytes of one stream, in any pieces.
class DrbdReader {
 public:
  void add(ByteView bytes) { ring_.push(bytes); }
  // The next whole one, which must have this header; none: more bytes are needed, or it is broken.
  [[nodiscard]] std::optional<DrbdPacket> next(DrbdHeader header);
  // Something else came: nothing can be read any more.
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool empty() const { return ring_.empty(); }

 private:
  ByteRing ring_;
  bool broken_ = false;
};

}  // namespace longthrow::sim
