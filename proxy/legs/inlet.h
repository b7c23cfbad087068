// SPDX-License-Identifier: Apache-2.0
// One direction of a channel: from its leg into the ingest. An idle leg waits without memory: only
// when there is something to read does it borrow a slab, and it gives the slab away as soon as a
// frame is worth making.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/guides/stream_guide.h"
#include "proxy/ingest/ingest.h"
#include "proxy/legs/leg.h"
#include "proxy/session/read_history.h"

namespace longthrow {

// Told by an inlet, on the loop's thread.
class InletOwner {
 public:
  virtual ~InletOwner() = default;
  // Bytes may be read for the peer now.
  [[nodiscard]] virtual bool may_read() const = 0;
  // Where bytes that nobody wants are read to.
  [[nodiscard]] virtual ByteSpan garbage() = 0;
  [[nodiscard]] virtual std::int64_t wall_ns() const = 0;
  // The guide has seen them.
  virtual void on_read(std::uint64_t bytes) = 0;
  // Everything before the end is in frames: the peer may be told.
  virtual void on_end_due(EndKind kind) = 0;
  // The program has said its last: fin; or the leg is broken: abort.
  virtual void on_leg_said_last(EndKind kind) = 0;
};

// Belongs to the loop's thread. Leg, guide and core outlive it, or are gone when it is idle.
class Inlet final : private IngestStreamOwner {
 public:
  struct Parts {
    Loop& loop;
    Ingest& ingest;
    Leg& leg;
    StreamGuide& guide;
    ChannelCore& core;
  };
  Inlet(const Parts& parts, InletOwner& owner);

  void pump();
  // Nobody wants more bytes: they are read, and thrown away.
  void discard();
  // The peer takes no more: what is in no frame yet is dropped, and the end follows.
  void abort();
  // The session is over: nothing is to be sent any more.
  void detach();
  // The leg is about to be closed: what has come and was not read is destroyed with it.
  void note_destroyed();
  void on_leg_closed() { settle_open_block(); }
  // The leg is closed, and the peer is to be told, if it was not.
  void end_with_leg();
  // The node is to stop: what its kernel has accepted by now is still read, and nothing after it.
  void stop_reading() { stop_offset_ = read_bytes_ + unread_bytes(); }
  [[nodiscard]] std::uint64_t unread_before_stop() const;

  [[nodiscard]] IngestStream& stream() { return stream_; }
  [[nodiscard]] const IngestStream& stream() const { return stream_; }
  [[nodiscard]] bool ended() const { return end_seen_.has_value(); }  // the leg has said its last
  [[nodiscard]] bool ended_in_order() const { return end_seen_ == EndKind::fin; }
  [[nodiscard]] bool discards() const { return bytes_ == Bytes::unwanted; }
  [[nodiscard]] std::uint64_t read_bytes() const { return read_bytes_; }
  // Read, or destroyed unread with the leg, when nobody wanted them any more.
  [[nodiscard]] std::uint64_t thrown_away_bytes() const { return thrown_away_bytes_; }
  // Still unread in the leg; the first one asks the kernel.
  [[nodiscard]] std::uint64_t unread_bytes() const;
  [[nodiscard]] std::uint64_t unread_bytes(const SocketStats& stats) const;
  [[nodiscard]] bool all_read() const { return !read_.in_flight() && unread_bytes() == 0; }
  // When the byte at `offset` was seen first, read or unread; known to a tick.
  [[nodiscard]] std::optional<TimePoint> given_at(std::uint64_t offset) const;
  // The leg waited before it came here: what it holds may all have come then.
  void note_given_since(TimePoint since);
  [[nodiscard]] ReadHistory& history() { return history_; }
  [[nodiscard]] bool idle() const {
    return !stream_.jobs_under_way() && !readable_.in_flight() && !read_.in_flight();
  }

 private:
  enum class Bytes : std::uint8_t { wanted, unwanted };
  enum class Into : std::uint8_t { block, nowhere };  // where the receive in flight goes

  [[nodiscard]] bool may_begin_read() const;
  [[nodiscard]] bool wants_bytes() const { return !discards() && owner_.may_read(); }
  void read_into_block();
  void on_readable(int result);
  void on_received(int result);
  void take(std::uint32_t bytes);
  void throw_away(std::uint64_t bytes);
  void end(EndKind kind);
  void settle_open_block();
  void send_pending_end();
  void on_slab() override;
  void on_block_done() override { send_pending_end(); }

  Loop& loop_;
  Leg& leg_;
  StreamGuide& guide_;
  ChannelCore& core_;
  InletOwner& owner_;
  IngestStream stream_;
  Operation readable_;
  Operation read_;
  Into into_ = Into::block;
  Bytes bytes_ = Bytes::wanted;
  std::optional<EndKind> end_seen_;     // of the leg
  std::optional<EndKind> end_pending_;  // to be told when all before it is framed
  std::vector<std::byte> discarded_;    // where bytes that only the guide wants are read to
  std::uint64_t read_bytes_ = 0;
  std::uint64_t thrown_away_bytes_ = 0;
  std::uint64_t stop_offset_ = 0;  // while the node stops: what was given by then ends here
  ReadHistory history_;
};

}  // namespace longthrow
