// SPDX-License-Identifier: Apache-2.0
// The record grammar of a lane, as structs; group_records.h has the records of whole groups.
// PROTOCOL.md is its specification, with a worked example. A lane is a sequence of records. Each
// has an 8-byte header {type u8, flags u8, zero u16, body u32}, all integers little-endian.
// Encoding cannot fail; decoding treats every byte as hostile: sizes are checked before use,
// unknown record types with bit 7 set are skipped, all else that is not understood ends the lane.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "longthrow/bytes.h"
#include "longthrow/codec.h"
#include "longthrow/error.h"

namespace longthrow::wire {

inline constexpr std::uint16_t kProtocolMin = 1;
inline constexpr std::uint16_t kProtocolMax = 1;

inline constexpr std::size_t kRecordHeaderBytes = 8;
inline constexpr std::size_t kFrameHeaderBytes = 56;  // of a frame's body; the payload follows
inline constexpr std::size_t kRawBytesMax = 256 * kKiB;
inline constexpr std::size_t kPayloadBytesMax = kRawBytesMax;
inline constexpr std::size_t kControlBodyBytesMax = 64 * kKiB;
inline constexpr std::size_t kNameBytesMax = 64;
inline constexpr std::size_t kReasonBytesMax = 512;
inline constexpr std::size_t kCommandBytesMax = 160;
inline constexpr std::size_t kRoutesMax = 256;
inline constexpr std::size_t kAckRangesMax = 256;
inline constexpr std::size_t kDeliveredMax = 512;

enum class RecordType : std::uint8_t {
  hello = 1,
  bye = 2,
  routes = 3,
  ack = 4,
  credit = 5,
  heartbeat = 6,
  heartbeat_echo = 7,
  frame = 8,
  marks = 128,  // types from here on: a peer that does not know one skips it
  notices = 129,
  credit_recall = 130,
  credit_return = 131,
  cut = 132,
  epochs = 133,
  checkpoint = 134,
  checkpoint_reports = 135,
};
inline constexpr std::uint8_t kSkippableBit = 0x80;

struct RecordHeader {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t body_bytes = 0;
};

enum class HelloRole : std::uint8_t { dialler = 0, acceptor = 1 };

// The first record in each direction of a lane: the dialler's comes first, the acceptor's is its
// acceptance. Lane 0 is the express lane.
struct Hello {
  std::uint16_t protocol_min = kProtocolMin;
  std::uint16_t protocol_max = kProtocolMax;
  HelloRole role = HelloRole::dialler;
  std::uint16_t lane = 0;
  std::uint16_t bulk_lanes = 1;  // how many the sender would like
  std::uint64_t attempt = 0;     // counts the sender's own dials of this link's express lane
  std::uint64_t generation = 0;  // of the express lane that a bulk lane belongs to; 0 on lane 0
  std::array<std::byte, 16> incarnation{};
  std::uint64_t session = 0;       // the sender's half of the session; never 0
  std::uint64_t peer_session = 0;  // the receiver's half, as the sender knows it; 0: not yet known
  std::string node;
  std::array<std::byte, 32> binding{};  // over all of the above, see TlsEngine::binding
};

enum class ByeReason : std::uint8_t {
  going_away = 0,     // shutting down
  paused = 1,         // an administrator's pause
  fenced = 2,         // takeover: no session until release
  stale_session = 3,  // the session has ended; dial again
  replaced = 4,       // another lane has taken this one's place
  refused = 5,        // see the text
};
struct Bye {
  ByeReason reason = ByeReason::going_away;
  std::string text;
};

// The sender's routes. `id`s are the sender's, unique in a session.
struct RouteEntry {
  std::uint32_t id = 0;
  std::uint32_t group_id = 0;
  std::uint8_t protocol = 0;  // RouteProtocol
  bool accepts = false;       // the sender has a target: it connects channels that the peer opens
  bool ready = false;         // no channel of an earlier session is left here
  // What the sender's configuration lacks, for the status at its peer. A sender that does not know
  // these fields sets neither.
  bool no_listener = false;
  bool no_target = false;
  std::string name;
  std::string group;
};
struct Routes {
  std::uint32_t version = 0;  // counts up within a session
  std::vector<RouteEntry> entries;
};

struct NumberRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};
struct DeliveredMark {
  std::uint64_t channel = 0;
  std::uint64_t offset = 0;
};
// What the sender of this record holds. Absolute: safe to repeat.
struct Ack {
  std::uint32_t routes_seen = 0;         // version of the receiver's routes that the sender knows
  std::uint64_t express_next = 0;        // all express frame numbers below are received
  std::uint64_t bulk_next = 0;           // all bulk frame numbers below are received ...
  std::vector<NumberRange> bulk_ranges;  // ... and these
  std::vector<DeliveredMark> delivered;  // acknowledged by the target's TCP, changes only
};

struct CreditGrant {
  std::uint32_t group_id = 0;     // the frame sender's id
  std::uint64_t limit_bytes = 0;  // charge of all frames of the group since the session began
};
struct Credit {
  std::vector<CreditGrant> grants;
};

// The receiver of frames asks back unused credit of these groups above the limit.
struct CreditRecall {
  std::vector<CreditGrant> limits;
};
// The frame sender's answer: the limit that it keeps to from now on, and the one that it had.
struct ReturnedCredit {
  std::uint32_t group_id = 0;
  std::uint64_t limit_bytes = 0;
  std::uint64_t had_bytes = 0;
};
struct CreditReturn {
  std::vector<ReturnedCredit> groups;
};

struct Heartbeat {
  std::uint64_t sent_at_ns = 0;            // sender's monotonic clock; echoed
  std::int64_t wall_ns = 0;                // sender's civil time
  std::uint64_t bulk_next = 0;             // frame numbers below have been assigned
  std::vector<std::uint32_t> idle_groups;  // nothing of these waits without a number
};
struct HeartbeatEcho {
  std::uint64_t sent_at_ns = 0;
};

enum class FrameKind : std::uint8_t {
  data = 0,
  open = 1,   // the channel exists; offset 0
  fin = 2,    // the stream ends here, cleanly
  abort = 3,  // the stream ends here, by abort
  stop = 4,   // the sender takes no more bytes of the opposite direction
  blank = 5,  // bytes that will never come: their channel was stopped
};

// One frame: bytes of one channel, or a step of its life.
struct FrameHeader {
  std::uint64_t number = 0;  // in the express or the bulk space
  std::uint64_t channel = 0;
  std::uint64_t offset = 0;
  std::uint64_t checksum = 0;  // of the raw bytes, seeded with place_seed()
  std::int64_t wall_ns = 0;    // sender's time when its source had given nothing beyond this frame
  std::uint32_t route = 0;     // the sender's id
  std::uint32_t raw_bytes = 0;
  FrameKind kind = FrameKind::data;
  CodecId codec = CodecId::none;
  bool express = false;  // record flag bit 0
  bool ahead = false;    // bit 1: the frame went ahead; its channel is no express channel
  bool held = false;     // bit 2: of an epoch: its bytes wait for a cut; see group_records.h
  std::uint32_t payload_bytes = 0;  // follows the header; not a field on the wire
};

// Binds a checksum to the frame's place, so that bytes of another place never verify.
[[nodiscard]] std::uint64_t place_seed(std::uint64_t channel, std::uint64_t offset);

// Encoders append one whole record to `out`.
void encode(const Hello& hello, ByteQueue& out);
void encode(const Bye& bye, ByteQueue& out);
void encode(const Routes& routes, ByteQueue& out);
void encode(const Ack& ack, ByteQueue& out);
void encode(const Credit& credit, ByteQueue& out);
void encode(const CreditRecall& recall, ByteQueue& out);
void encode(const CreditReturn& returned, ByteQueue& out);
void encode(const Heartbeat& heartbeat, ByteQueue& out);
void encode(const HeartbeatEcho& echo, ByteQueue& out);
// Record header and frame header; the caller appends the payload.
void encode(const FrameHeader& frame, ByteQueue& out);
// The bytes of `hello` that its binding covers: all fields but the binding.
[[nodiscard]] std::vector<std::byte> binding_context(const Hello& hello);

// Decoders take a whole body.
[[nodiscard]] Result<RecordHeader> decode_record_header(ByteView bytes);
[[nodiscard]] Result<Hello> decode_hello(ByteView body);
[[nodiscard]] Result<Bye> decode_bye(ByteView body);
[[nodiscard]] Result<Routes> decode_routes(ByteView body);
[[nodiscard]] Result<Ack> decode_ack(ByteView body);
[[nodiscard]] Result<Credit> decode_credit(ByteView body);
[[nodiscard]] Result<CreditRecall> decode_credit_recall(ByteView body);
[[nodiscard]] Result<CreditReturn> decode_credit_return(ByteView body);
[[nodiscard]] Result<Heartbeat> decode_heartbeat(ByteView body);
[[nodiscard]] Result<HeartbeatEcho> decode_heartbeat_echo(ByteView body);
// `bytes` are the first kFrameHeaderBytes of the body of `record`.
[[nodiscard]] Result<FrameHeader> decode_frame_header(const RecordHeader& record, ByteView bytes);

}  // namespace longthrow::wire
