// SPDX-License-Identifier: Apache-2.0
// The bytes that one stream has given and that are in no frame yet. In order: frames that are being
// made, closed blocks, and the block that is being filled.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "proxy/codec/incompressible.h"
#include "proxy/ingest/frame_job.h"
#include "proxy/session/channel_core.h"

namespace longthrow {

class Ingest;

// Called by the ingest, on the loop's thread.
class IngestStreamOwner {
 public:
  virtual ~IngestStreamOwner() = default;
  // open_block() found no slab before. It may find one now.
  virtual void on_slab() = 0;
  // A block is in a frame, or was dropped. IngestStream::all_framed() may be true now.
  virtual void on_block_done() = 0;
};

// Belongs to the loop's thread. Its bytes lie in the link's arena. The Ingest outlives it; call
// Ingest::forget() before the stream is destroyed.
class IngestStream {
 public:
  IngestStream(Ingest& ingest, IngestStreamOwner& owner, ChannelCore& core)
      : ingest_(ingest), owner_(owner), core_(core) {}
  IngestStream(const IngestStream&) = delete;
  IngestStream& operator=(const IngestStream&) = delete;

  // --- the leg's side

  // The space for the next receive. Empty: no slab is free, and on_slab() will be called. Until
  // end_receive() the block can be neither closed nor given back.
  [[nodiscard]] ByteSpan open_block();
  // The receive into the open block is over.
  void end_receive() { receiving_ = false; }
  // The bytes that a receive has brought, before add().
  [[nodiscard]] ByteView fresh(std::uint32_t bytes) const {
    return ByteView(open_.slab.bytes()).subspan(open_.bytes, bytes);
  }
  // How many more bytes the open block takes.
  [[nodiscard]] std::uint32_t room_bytes() const { return open_.room_bytes - open_.bytes; }
  struct Arrival {
    std::uint32_t bytes = 0;
    std::uint64_t offset = 0;  // of the first of them, in the stream
    TimePoint read_at{};       // when that byte was first seen
    std::int64_t wall_ns = 0;  // until then the source had given no byte after these
  };
  void add(const Arrival& arrival);
  // Closes the open block, if it holds anything and no receive is under way.
  void close_block();
  [[nodiscard]] bool open_is_empty() const { return open_.bytes == 0; }
  // Gives back the open block with its bytes, unless a receive is under way.
  void give_back_open_block();
  // Drops all blocks. Frames that are being made are dropped when they are done.
  void drop_blocks();
  // The session is over: sends nothing any more.
  void detach() { attached_ = false; }

  // --- getters

  // Whether some closed block is not yet taken by a job.
  [[nodiscard]] bool has_block() const { return !blocks_.empty(); }
  // Whether every closed block is in a frame, or was dropped. Only then may an end follow.
  [[nodiscard]] bool all_framed() const { return blocks_.empty() && jobs_.empty(); }
  [[nodiscard]] bool jobs_under_way() const { return !jobs_.empty(); }
  [[nodiscard]] std::uint64_t unframed_bytes() const { return unframed_bytes_; }
  // When the oldest byte that is in no frame was first seen.
  [[nodiscard]] std::optional<TimePoint> oldest_at() const;
  [[nodiscard]] bool attached() const { return attached_; }
  [[nodiscard]] ChannelCore& core() const { return core_; }
  // Whether little of it is stored, or it is an express stream. Such a stream needs little memory,
  // so it does not wait for what other streams store.
  [[nodiscard]] bool stores_little() const;
  // Whether its next bytes go into a frame of their own.
  [[nodiscard]] bool takes_little() const {
    return core_.express || (stores_little() && !has_block());
  }

 private:
  friend class Ingest;
  friend class FrameMaker;
  friend class StreamQueue;

  [[nodiscard]] RawBlock take_block();

  Ingest& ingest_;
  IngestStreamOwner& owner_;
  ChannelCore& core_;
  bool attached_ = true;
  IncompressibleGuard guard_;
  RawBlock open_;
  bool receiving_ = false;
  std::deque<RawBlock> blocks_;
  std::deque<FrameJob*> jobs_;
  std::uint64_t unframed_bytes_ = 0;
  // The queues that hold it.
  bool waits_for_slab_ = false;
  bool waits_for_job_ = false;
  bool is_partial_ = false;
  bool is_parked_ = false;
};

// A queue of streams. Each stream is in it at most once.
class StreamQueue {
 public:
  using Mark = bool IngestStream::*;
  explicit StreamQueue(Mark mark) : mark_(mark) {}
  static StreamQueue for_slabs() { return StreamQueue(&IngestStream::waits_for_slab_); }
  static StreamQueue for_jobs() { return StreamQueue(&IngestStream::waits_for_job_); }
  static StreamQueue of_partials() { return StreamQueue(&IngestStream::is_partial_); }
  static StreamQueue of_parked() { return StreamQueue(&IngestStream::is_parked_); }

  void push_back(IngestStream& stream) {
    if (!std::exchange(stream.*mark_, true)) streams_.push_back(&stream);
  }
  void push_front(IngestStream& stream) {
    if (!std::exchange(stream.*mark_, true)) streams_.push_front(&stream);
  }
  [[nodiscard]] IngestStream& front() const { return *streams_.front(); }
  // Takes the first stream out.
  IngestStream& pop() {
    IngestStream& first = *streams_.front();
    streams_.pop_front();
    first.*mark_ = false;
    return first;
  }
  void forget(IngestStream& stream) {
    if (std::exchange(stream.*mark_, false)) std::erase(streams_, &stream);
  }
  void clear() {
    while (!empty()) pop();
  }
  [[nodiscard]] bool empty() const { return streams_.empty(); }
  [[nodiscard]] std::size_t size() const { return streams_.size(); }

 private:
  Mark mark_;
  std::deque<IngestStream*> streams_;
};

}  // namespace longthrow
