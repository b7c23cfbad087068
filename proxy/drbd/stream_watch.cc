// SPDX-License-Identifier: Apache-2.0
#include "proxy/drbd/stream_watch.h"

namespace longthrow::drbd {

void StreamWatch::scan(Direction direction, ByteView bytes) {
  PacketScanner& scanner = scanners_[index(direction)];
  scanner.scan(bytes, [&](const Packet& packet) { on_packet(direction, packet); });
  // A stream that becomes opaque later (kTLS begins after the first packet) stays what it is.
  const bool from_connector = opened_here_ == (direction == Direction::out);
  if (scanner.opaque() && from_connector && kind_ == StreamKind::unknown) {
    kind_ = StreamKind::foreign;
  }
}

void StreamWatch::on_packet(Direction direction, const Packet& packet) {
  StreamCounters& counters = counters_[index(direction)];
  ++counters.packets;
  const bool from_connector = opened_here_ == (direction == Direction::out);
  if (kind_ == StreamKind::unknown && from_connector) {
    kind_ = packet.command == Command::initial_data   ? StreamKind::data
            : packet.command == Command::initial_meta ? StreamKind::meta
                                                      : StreamKind::foreign;
  }
  switch (packet.command) {
    case Command::data:
      ++counters.writes;
      counters.write_bytes += packet.payload_bytes;
      break;
    case Command::barrier:
      ++counters.barriers;
      break;
    case Command::barrier_ack:
      ++counters.barrier_acks;
      break;
    case Command::connection_features:
      features_[index(direction)] = true;
      break;
    default:
      break;
  }
}

}  // namespace longthrow::drbd
