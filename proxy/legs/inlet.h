// SPDX-License-Identifier: Apache-2.0
// Reads a leg and gives its bytes to the ingest. An idle leg waits without memory. The inlet
// borrows a slab only when there is something to read, and gives it away as soon as a frame is
// worth making.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/guides/stream_guide.h"
#include "proxy/ingest/ingest.h"
#include "proxy/legs/leg.h"
#include "proxy/session/read_history.h"

namespace longthrow {

// Called by an inlet, on the loop's thread.
class InletOwner {
 public:
  virtual ~InletOwner() = default;
  // Whether bytes may be read for the peer now.
  [[nodiscard]] virtual bool may_read() const = 0;
  // A place for bytes that are read and thrown away.
  [[nodiscard]] virtual ByteSpan garbage() = 0;
  [[nodiscard]] virtual std::int64_t wall_ns() const = 0;
  // `bytes` were read, and the guide has seen them.
  virtual void on_read(std::uint64_t bytes) = 0;
  // All bytes before the end are in frames: the peer may be told of the end.
  virtual void on_end_due(EndKind kind) = 0;
  // The leg's bytes have ended. fin: the program has ended its stream. abort: the leg is broken.
  virtual void on_leg_said_last(EndKind kind) = 0;
};

// Belongs to the loop's thread. Leg, guide and core must live until the inlet is idle.
class Inlet final : private IngestStreamOwner {
 public:
  struct Parts {
    Loop& loop;
    Ingest& ingest;
    Leg& leg;
    StreamGuide& guide;
    ChannelCore& core;
    CompletionWatcher& watcher;  // of the leg's operations, and of the frames that are made
  };
  Inlet(const Parts& parts, InletOwner& owner);

  void pump();
  void discard();  // from here on bytes are read and thrown away
  // The peer takes no more bytes: drops those that are in no frame yet, and ends by abort.
  void abort();
  void detach();  // the session is over: sends nothing any more
  // The leg is about to be closed: counts its unread bytes, which are destroyed with it.
  void note_destroyed();
  void on_leg_closed() { settle_open_block(); }
  // The leg is closed: tells the peer of the end, if it was not told.
  void end_with_leg();
  // For a stop or a hold: the leg is read up to what its kernel has now.
  void stop_reading() { stop_offset_ = read_bytes_ + unread_bytes(); }
  [[nodiscard]] std::uint64_t unread_before_stop() const;

  [[nodiscard]] IngestStream& stream() { return stream_; }
  [[nodiscard]] const IngestStream& stream() const { return stream_; }
  [[nodiscard]] bool ended() const { return end_seen_.has_value(); }  // the leg's bytes have ended
  [[nodiscard]] bool ended_in_order() const { return end_seen_ == EndKind::fin; }
  [[nodiscard]] bool discards() const { return bytes_ == Bytes::unwanted; }
  [[nodiscard]] std::uint64_t read_bytes() const { return read_bytes_; }
  // Bytes that the peer takes no more: read and thrown away, or destroyed unread with the leg.
  [[nodiscard]] std::uint64_t thrown_away_bytes() const { return thrown_away_bytes_; }
  // Bytes that are unread in the leg. Without `stats` it asks the kernel.
  [[nodiscard]] std::uint64_t unread_bytes() const;
  [[nodiscard]] std::uint64_t unread_bytes(const SocketStats& stats) const;
  [[nodiscard]] bool all_read() const { return !read_.in_flight() && unread_bytes() == 0; }
  // When this node first saw the byte at `offset`, read or unread. Exact to a tick.
  [[nodiscard]] std::optional<TimePoint> given_at(std::uint64_t offset) const;
  // The leg waited for the link since `since`. Reckon as if all its bytes had come then.
  void note_given_since(TimePoint since);
  [[nodiscard]] ReadHistory& history() { return history_; }
  [[nodiscard]] bool idle() const {
    return stream_.all_framed() && !readable_.in_flight() && !read_.in_flight();
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
  void on_block_done() override;

  Loop& loop_;
  Leg& leg_;
  StreamGuide& guide_;
  ChannelCore& core_;
  CompletionWatcher& watcher_;
  InletOwner& owner_;
  IngestStream stream_;
  Operation readable_;
  Operation read_;
  Into into_ = Into::block;
  Bytes bytes_ = Bytes::wanted;
  std::optional<EndKind> end_seen_;     // how the leg's bytes ended
  std::optional<EndKind> end_pending_;  // the peer is told when all before it is in frames
  std::vector<std::byte> discarded_;    // a place for bytes that only the guide wants
  std::uint64_t read_bytes_ = 0;
  std::uint64_t thrown_away_bytes_ = 0;
  std::uint64_t stop_offset_ = 0;  // in a stop or a hold the leg is read up to here
  ReadHistory history_;
};

}  // namespace longthrow
