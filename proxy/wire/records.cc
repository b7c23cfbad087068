// SPDX-License-Identifier: Apache-2.0
#include "proxy/wire/records.h"

#include <algorithm>

#include "proxy/base/foreign_text.h"
#include "proxy/wire/put_record.h"

namespace longthrow::wire {
namespace {

constexpr std::array<std::byte, 4> kMagic{std::byte{'L'}, std::byte{'T'}, std::byte{'H'},
                                          std::byte{'R'}};
constexpr std::uint8_t kExpressFlag = 1;
constexpr std::uint8_t kAheadFlag = 2;
constexpr std::uint8_t kHeldFlag = 4;
constexpr std::uint8_t kAcceptsFlag = 1;
constexpr std::uint8_t kReadyFlag = 2;
constexpr std::uint8_t kNoListenerFlag = 4;
constexpr std::uint8_t kNoTargetFlag = 8;

void put_hello_fields(const Hello& hello, FieldWriter& writer) {
  writer.put_bytes(kMagic);
  writer.put(hello.protocol_min);
  writer.put(hello.protocol_max);
  writer.put(static_cast<std::uint8_t>(hello.role));
  writer.put(hello.lane);
  writer.put(hello.bulk_lanes);
  writer.put(hello.attempt);
  writer.put(hello.generation);
  writer.put_bytes(hello.incarnation);
  writer.put(hello.session);
  writer.put(hello.peer_session);
  writer.put_text(hello.node, kNameBytesMax);
}

void put_grants(const std::vector<CreditGrant>& grants, FieldWriter& writer) {
  writer.put(static_cast<std::uint16_t>(grants.size()));
  for (const CreditGrant& grant : grants) {
    writer.put(grant.group_id);
    writer.put(grant.limit_bytes);
  }
}

std::vector<CreditGrant> get_grants(FieldReader& reader) {
  std::vector<CreditGrant> grants(reader.get_count(kRoutesMax, 12));
  for (CreditGrant& grant : grants) {
    grant.group_id = reader.get<std::uint32_t>();
    grant.limit_bytes = reader.get<std::uint64_t>();
  }
  return grants;
}

// Names come from configurations and host names: visible ASCII. They go into logs, status and
// metrics, so nothing else is let in.
bool is_name(const std::string& text) {
  return std::ranges::all_of(text,
                             [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
}

}  // namespace

std::uint64_t place_seed(std::uint64_t channel, std::uint64_t offset) {
  // An odd multiplier spreads neighbouring channels; the offset keeps its own bits.
  return channel * 0x9E3779B97F4A7C15ULL ^ offset;
}

void encode(const Hello& hello, ByteQueue& out) {
  put_record(RecordType::hello, out, [&](FieldWriter& writer) {
    put_hello_fields(hello, writer);
    writer.put_bytes(hello.binding);
  });
}

std::vector<std::byte> binding_context(const Hello& hello) {
  ByteQueue fields;
  FieldWriter writer(fields);
  put_hello_fields(hello, writer);
  return {fields.view().begin(), fields.view().end()};
}

void encode(const Bye& bye, ByteQueue& out) {
  put_record(RecordType::bye, out, [&](FieldWriter& writer) {
    writer.put(static_cast<std::uint8_t>(bye.reason));
    writer.put_text(bye.text, kReasonBytesMax);
  });
}

void encode(const Routes& routes, ByteQueue& out) {
  put_record(RecordType::routes, out, [&](FieldWriter& writer) {
    writer.put(routes.version);
    writer.put(static_cast<std::uint16_t>(routes.entries.size()));
    for (const RouteEntry& entry : routes.entries) {
      writer.put(entry.id);
      writer.put(entry.group_id);
      writer.put(entry.protocol);
      writer.put(static_cast<std::uint8_t>(
          (entry.accepts ? kAcceptsFlag : 0) | (entry.ready ? kReadyFlag : 0) |
          (entry.no_listener ? kNoListenerFlag : 0) | (entry.no_target ? kNoTargetFlag : 0)));
      writer.put_text(entry.name, kNameBytesMax);
      writer.put_text(entry.group, kNameBytesMax);
    }
  });
}

void encode(const Ack& ack, ByteQueue& out) {
  put_record(RecordType::ack, out, [&](FieldWriter& writer) {
    writer.put(ack.routes_seen);
    writer.put(ack.express_next);
    writer.put(ack.bulk_next);
    writer.put(static_cast<std::uint16_t>(ack.bulk_ranges.size()));
    for (const NumberRange& range : ack.bulk_ranges) {
      writer.put(range.first);
      writer.put(range.last);
    }
    writer.put(static_cast<std::uint16_t>(ack.delivered.size()));
    for (const DeliveredMark& mark : ack.delivered) {
      writer.put(mark.channel);
      writer.put(mark.offset);
    }
  });
}

void encode(const Credit& credit, ByteQueue& out) {
  put_record(RecordType::credit, out,
             [&](FieldWriter& writer) { put_grants(credit.grants, writer); });
}

void encode(const CreditRecall& recall, ByteQueue& out) {
  put_record(RecordType::credit_recall, out,
             [&](FieldWriter& writer) { put_grants(recall.limits, writer); });
}

void encode(const CreditReturn& returned, ByteQueue& out) {
  put_record(RecordType::credit_return, out, [&](FieldWriter& writer) {
    writer.put(static_cast<std::uint16_t>(returned.groups.size()));
    for (const ReturnedCredit& its : returned.groups) {
      writer.put(its.group_id);
      writer.put(its.limit_bytes);
      writer.put(its.had_bytes);
    }
  });
}

void encode(const Heartbeat& heartbeat, ByteQueue& out) {
  put_record(RecordType::heartbeat, out, [&](FieldWriter& writer) {
    writer.put(heartbeat.sent_at_ns);
    writer.put(heartbeat.wall_ns);
    writer.put(heartbeat.bulk_next);
    writer.put(static_cast<std::uint16_t>(heartbeat.idle_groups.size()));
    for (const std::uint32_t group : heartbeat.idle_groups) writer.put(group);
  });
}

void encode(const HeartbeatEcho& echo, ByteQueue& out) {
  put_record(RecordType::heartbeat_echo, out,
             [&](FieldWriter& writer) { writer.put(echo.sent_at_ns); });
}

void encode(const FrameHeader& frame, ByteQueue& out) {
  FieldWriter writer(out);
  writer.put(static_cast<std::uint8_t>(RecordType::frame));
  writer.put(static_cast<std::uint8_t>((frame.express ? kExpressFlag : 0) |
                                       (frame.ahead ? kAheadFlag : 0) |
                                       (frame.held ? kHeldFlag : 0)));
  writer.put(std::uint16_t{0});
  writer.put(static_cast<std::uint32_t>(kFrameHeaderBytes + frame.payload_bytes));
  writer.put(frame.number);
  writer.put(frame.channel);
  writer.put(frame.offset);
  writer.put(frame.checksum);
  writer.put(frame.wall_ns);
  writer.put(frame.route);
  writer.put(frame.raw_bytes);
  writer.put(static_cast<std::uint8_t>(frame.kind));
  writer.put(static_cast<std::uint8_t>(frame.codec));
  writer.put(std::uint16_t{0});
  writer.put(std::uint32_t{0});
}

Result<RecordHeader> decode_record_header(ByteView bytes) {
  FieldReader reader(bytes);
  RecordHeader header;
  header.type = reader.get<std::uint8_t>();
  header.flags = reader.get<std::uint8_t>();
  const auto zero = reader.get<std::uint16_t>();
  header.body_bytes = reader.get<std::uint32_t>();
  if (!reader.complete() || zero != 0) return breach("malformed record header");
  const bool is_frame = header.type == static_cast<std::uint8_t>(RecordType::frame);
  const std::size_t bytes_max =
      is_frame ? kFrameHeaderBytes + kPayloadBytesMax : kControlBodyBytesMax;
  if (header.body_bytes > bytes_max) return breach("record larger than its kind allows");
  if (is_frame && header.body_bytes < kFrameHeaderBytes) return breach("frame without a header");
  return header;
}

Result<Hello> decode_hello(ByteView body) {
  FieldReader reader(body);
  Hello hello;
  std::array<std::byte, 4> magic{};
  reader.get_bytes(magic);
  if (magic != kMagic) return breach("this is not a Longthrow hello");
  hello.protocol_min = reader.get<std::uint16_t>();
  hello.protocol_max = reader.get<std::uint16_t>();
  const auto role = reader.get<std::uint8_t>();
  hello.lane = reader.get<std::uint16_t>();
  hello.bulk_lanes = reader.get<std::uint16_t>();
  hello.attempt = reader.get<std::uint64_t>();
  hello.generation = reader.get<std::uint64_t>();
  reader.get_bytes(hello.incarnation);
  hello.session = reader.get<std::uint64_t>();
  hello.peer_session = reader.get<std::uint64_t>();
  hello.node = reader.get_text(kNameBytesMax);
  reader.get_bytes(hello.binding);
  if (!reader.complete() || role > 1 || hello.session == 0 || hello.node.empty() ||
      !is_name(hello.node)) {
    return breach("malformed hello");
  }
  hello.role = static_cast<HelloRole>(role);
  return hello;
}

Result<Bye> decode_bye(ByteView body) {
  FieldReader reader(body);
  const auto reason = reader.get<std::uint8_t>();
  Bye bye;
  bye.text = escape_foreign(reader.get_text(kReasonBytesMax));
  if (!reader.complete()) return breach("malformed bye");
  bye.reason = reason <= static_cast<std::uint8_t>(ByeReason::refused)
                   ? static_cast<ByeReason>(reason)
                   : ByeReason::refused;
  return bye;
}

Result<Routes> decode_routes(ByteView body) {
  constexpr std::size_t kEntryBytesMin = 4 + 4 + 1 + 1 + 2 + 2;
  FieldReader reader(body);
  Routes routes;
  routes.version = reader.get<std::uint32_t>();
  routes.entries.resize(reader.get_count(kRoutesMax, kEntryBytesMin));
  for (RouteEntry& entry : routes.entries) {
    entry.id = reader.get<std::uint32_t>();
    entry.group_id = reader.get<std::uint32_t>();
    entry.protocol = reader.get<std::uint8_t>();
    const auto flags = reader.get<std::uint8_t>();
    entry.accepts = (flags & kAcceptsFlag) != 0;
    entry.ready = (flags & kReadyFlag) != 0;
    entry.no_listener = (flags & kNoListenerFlag) != 0;
    entry.no_target = (flags & kNoTargetFlag) != 0;
    entry.name = reader.get_text(kNameBytesMax);
    entry.group = reader.get_text(kNameBytesMax);
    if (!is_name(entry.name) || !is_name(entry.group)) return breach("a malformed name of a route");
  }
  if (!reader.complete()) return breach("malformed routes");
  return routes;
}

Result<Ack> decode_ack(ByteView body) {
  FieldReader reader(body);
  Ack ack;
  ack.routes_seen = reader.get<std::uint32_t>();
  ack.express_next = reader.get<std::uint64_t>();
  ack.bulk_next = reader.get<std::uint64_t>();
  ack.bulk_ranges.resize(reader.get_count(kAckRangesMax, 16));
  std::uint64_t floor = ack.bulk_next;
  for (NumberRange& range : ack.bulk_ranges) {
    range.first = reader.get<std::uint64_t>();
    range.last = reader.get<std::uint64_t>();
    // Ascending, with a gap before each.
    if (range.first <= floor || range.last < range.first) return breach("malformed ack ranges");
    floor = range.last + 1;
  }
  ack.delivered.resize(reader.get_count(kDeliveredMax, 16));
  for (DeliveredMark& mark : ack.delivered) {
    mark.channel = reader.get<std::uint64_t>();
    mark.offset = reader.get<std::uint64_t>();
  }
  if (!reader.complete()) return breach("malformed ack");
  return ack;
}

Result<Credit> decode_credit(ByteView body) {
  FieldReader reader(body);
  Credit credit{.grants = get_grants(reader)};
  if (!reader.complete()) return breach("malformed credit");
  return credit;
}

Result<CreditRecall> decode_credit_recall(ByteView body) {
  FieldReader reader(body);
  CreditRecall recall{.limits = get_grants(reader)};
  if (!reader.complete()) return breach("malformed recall of credit");
  return recall;
}

Result<CreditReturn> decode_credit_return(ByteView body) {
  FieldReader reader(body);
  CreditReturn returned;
  returned.groups.resize(reader.get_count(kRoutesMax, 20));
  for (ReturnedCredit& its : returned.groups) {
    its.group_id = reader.get<std::uint32_t>();
    its.limit_bytes = reader.get<std::uint64_t>();
    its.had_bytes = reader.get<std::uint64_t>();
  }
  if (!reader.complete()) return breach("malformed return of credit");
  return returned;
}

Result<Heartbeat> decode_heartbeat(ByteView body) {
  FieldReader reader(body);
  Heartbeat heartbeat;
  heartbeat.sent_at_ns = reader.get<std::uint64_t>();
  heartbeat.wall_ns = reader.get<std::int64_t>();
  heartbeat.bulk_next = reader.get<std::uint64_t>();
  heartbeat.idle_groups.resize(reader.get_count(kRoutesMax, 4));
  for (std::uint32_t& group : heartbeat.idle_groups) group = reader.get<std::uint32_t>();
  if (!reader.complete()) return breach("malformed heartbeat");
  return heartbeat;
}

Result<HeartbeatEcho> decode_heartbeat_echo(ByteView body) {
  FieldReader reader(body);
  HeartbeatEcho echo{.sent_at_ns = reader.get<std::uint64_t>()};
  if (!reader.complete()) return breach("malformed heartbeat echo");
  return echo;
}

Result<FrameHeader> decode_frame_header(const RecordHeader& record, ByteView bytes) {
  FieldReader reader(bytes);
  FrameHeader frame;
  frame.express = (record.flags & kExpressFlag) != 0;
  frame.ahead = (record.flags & kAheadFlag) != 0;
  frame.held = (record.flags & kHeldFlag) != 0;
  frame.payload_bytes = record.body_bytes - static_cast<std::uint32_t>(kFrameHeaderBytes);
  frame.number = reader.get<std::uint64_t>();
  frame.channel = reader.get<std::uint64_t>();
  frame.offset = reader.get<std::uint64_t>();
  frame.checksum = reader.get<std::uint64_t>();
  frame.wall_ns = reader.get<std::int64_t>();
  frame.route = reader.get<std::uint32_t>();
  frame.raw_bytes = reader.get<std::uint32_t>();
  const auto kind = reader.get<std::uint8_t>();
  const auto codec = reader.get<std::uint8_t>();
  const auto zero = reader.get<std::uint16_t>();
  const auto zero_too = reader.get<std::uint32_t>();
  if (!reader.complete() || zero != 0 || zero_too != 0 ||
      kind > static_cast<std::uint8_t>(FrameKind::blank) ||
      codec > static_cast<std::uint8_t>(CodecId::zstd) || frame.raw_bytes > kRawBytesMax) {
    return breach("malformed frame header");
  }
  frame.kind = static_cast<FrameKind>(kind);
  frame.codec = static_cast<CodecId>(codec);
  const bool has_bytes = frame.kind == FrameKind::data;
  const bool stands_for_bytes = has_bytes || frame.kind == FrameKind::blank;
  if (has_bytes != (frame.payload_bytes > 0) || stands_for_bytes != (frame.raw_bytes > 0) ||
      frame.payload_bytes > frame.raw_bytes ||
      (frame.codec == CodecId::none && frame.payload_bytes != frame.raw_bytes && has_bytes)) {
    return breach("frame sizes disagree");
  }
  // No honest stream comes near this limit, which keeps offset arithmetic from overflowing.
  if (frame.offset > (std::uint64_t{1} << 62)) return breach("frame offset out of range");
  return frame;
}

}  // namespace longthrow::wire
