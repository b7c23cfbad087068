// SPDX-License-Identifier: Apache-2.0
#include "proxy/drbd/outage_pings.h"

#include <algorithm>

#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow::drbd {
namespace {

constexpr auto kAnswer80 = std::to_array<std::uint8_t>({0x83, 0x74, 0x02, 0x67, 0x00, 0x14, 0, 0});
// Volume 0xffff means that the packet belongs to the connection.
constexpr auto kAnswer100 = std::to_array<std::uint8_t>(
    {0x86, 0x20, 0xec, 0x20, 0xff, 0xff, 0x00, 0x14, 0, 0, 0, 0, 0, 0, 0, 0});

}  // namespace

std::uint64_t OutagePings::outstanding(const StreamWatch& watch) const {
  const std::uint64_t answered = watch.incoming().ping_acks + owed_;
  return watch.outgoing().pings > answered ? watch.outgoing().pings - answered : 0;
}

ByteView OutagePings::answer(const StreamWatch& watch) {
  const auto fill = [&](std::span<const std::uint8_t> bytes) {
    std::ranges::transform(bytes, packet_.begin(),
                           [](std::uint8_t byte) { return std::byte{byte}; });
    return ByteView(packet_).first(bytes.size());
  };
  note_reached(Mark::ping_answered);
  ++answered_;
  ++owed_;
  return watch.ping_header_bytes() == kAnswer100.size() ? fill(kAnswer100) : fill(kAnswer80);
}

OutagePings::Step OutagePings::next(std::span<const ByteView> pieces,
                                    const StreamWatch& watch) const {
  PacketScanner scanner = watch.incoming_scanner();
  std::size_t at = 0;            // position in all pieces
  std::size_t packet_begin = 0;  // where the last packet began
  for (const ByteView piece : pieces) {
    for (std::size_t i = 0; i < piece.size(); ++i, ++at) {
      if (scanner.at_boundary()) packet_begin = at;
      bool is_answer = false;
      scanner.scan(piece.subspan(i, 1), [&](const Packet& packet) {
        is_answer = packet.command == Command::ping_ack && packet.payload_bytes == 0;
      });
      if (planted(Plant::late_answer_passed_on)) is_answer = false;
      if (is_answer && packet_begin > 0) return {.write_bytes = packet_begin};
      if (is_answer) note_reached(Mark::late_answer_left_out);
      if (is_answer) return {.skip_bytes = at + 1};
    }
  }
  return {.write_bytes = scanner.in_header() ? packet_begin : at};
}

}  // namespace longthrow::drbd
