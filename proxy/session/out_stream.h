// SPDX-License-Identifier: Apache-2.0
// The sending half of a channel: its frames in the order of their offsets, from the oldest that the
// peer has not yet received to the newest that was read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "longthrow/time.h"
#include "proxy/buffer/arena.h"
#include "proxy/wire/records.h"

namespace longthrow {

// A lane of the session, as its user numbers it; never reused within a session.
using LaneId = std::uint32_t;
inline constexpr LaneId kNoLane = 0;

class OutStream;

// One frame to send. Owned by its OutStream (express frames: by the session) and listed in a
// SendSpace once it has a number.
struct OutFrame {
  wire::FrameHeader header;
  Stored payload;
  TimePoint read_at{};    // when the first of its bytes was read from the leg
  LaneId lane = kNoLane;  // on which it was last sent; kNoLane: not sent, or lost with its lane
  bool numbered = false;
  bool acked = false;
  OutStream* stream = nullptr;
  OutFrame* next = nullptr;  // in its stream, or in the pool's free list
};

// Frames without an allocation each: they are made in chunks and kept.
class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() { LT_ASSERT(lent_ == 0); }
  [[nodiscard]] OutFrame* take();
  void give(OutFrame* frame);

 private:
  static constexpr std::size_t kChunkFrames = 64;
  std::vector<std::unique_ptr<OutFrame[]>> chunks_;
  OutFrame* free_ = nullptr;
  std::size_t lent_ = 0;
};

enum class EndKind : std::uint8_t { fin, abort };

// INVARIANT: received_offset <= accepted_offset; frames are contiguous from received_offset on.
class OutStream {
 public:
  // Keeps `group_charge_bytes` up to date with the arena's charge of what is stored here.
  OutStream(FramePool& pool, std::uint64_t& group_charge_bytes)
      : pool_(pool), group_charge_bytes_(group_charge_bytes) {}
  OutStream(const OutStream&) = delete;
  OutStream& operator=(const OutStream&) = delete;
  ~OutStream() { clear(); }

  // Appends a frame; data frames continue at accepted_offset().
  void push(OutFrame* frame);
  // The oldest frame without a number, or null.
  [[nodiscard]] OutFrame* first_waiting() const { return waiting_; }
  // `frame` has been numbered and sent. REQUIRES: it is first_waiting().
  void mark_numbered(OutFrame* frame);
  // The peer has received `frame`: frees its memory. Finished frames leave from the front.
  void on_acked(OutFrame* frame);
  // Frees the frames without a number, and the bytes of frames that were sent and not acknowledged.
  // The latter go on as blanks, so that the peer can account for their numbers. After it only the
  // end may be pushed.
  void drop_backlog();
  // For the simulator: flips a bit of the oldest stored payload; false: there is none.
  bool damage_stored(std::uint64_t which_bit);
  // Frees everything; for the end of the session. Frames must have left all send spaces.
  void clear();

  [[nodiscard]] std::uint64_t accepted_offset() const { return accepted_offset_; }  // in frames
  // All bytes below have frame numbers.
  [[nodiscard]] std::uint64_t numbered_offset() const {
    return waiting_ != nullptr ? waiting_->header.offset : accepted_offset_;
  }
  // All bytes below were given a number at some time, even if the backlog was dropped since.
  [[nodiscard]] std::uint64_t sent_offset() const { return sent_offset_; }
  // All bytes below are received by the peer.
  [[nodiscard]] std::uint64_t received_offset() const {
    return head_ != nullptr ? head_->header.offset : accepted_offset_;
  }
  // When the oldest byte that the peer lacks was read; none: it lacks no byte.
  [[nodiscard]] std::optional<TimePoint> oldest_read_at() const;
  [[nodiscard]] bool empty() const { return head_ == nullptr; }
  [[nodiscard]] std::uint64_t stored_raw_bytes() const { return stored_raw_bytes_; }
  [[nodiscard]] std::uint64_t stored_charge_bytes() const { return stored_charge_bytes_; }
  [[nodiscard]] std::uint64_t waiting_raw_bytes() const { return waiting_raw_bytes_; }

  std::uint64_t delivered_offset = 0;  // as the peer last said
  std::optional<EndKind> end;          // pushed
  bool end_acked = false;
  bool stopped = false;  // the peer takes no more bytes

 private:
  void release_payload(OutFrame* frame);

  FramePool& pool_;
  std::uint64_t& group_charge_bytes_;
  OutFrame* head_ = nullptr;
  OutFrame* tail_ = nullptr;
  OutFrame* waiting_ = nullptr;
  std::uint64_t accepted_offset_ = 0;
  std::uint64_t sent_offset_ = 0;
  std::uint64_t stored_raw_bytes_ = 0;
  std::uint64_t stored_charge_bytes_ = 0;
  std::uint64_t waiting_raw_bytes_ = 0;
};

}  // namespace longthrow
