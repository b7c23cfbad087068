// SPDX-License-Identifier: Apache-2.0
// The receiving half of a channel: frames come in any order, bytes go out in the order of their
// offsets, and the end only after all of them (guarantee G1).
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>

#include "proxy/base/planted.h"
#include "proxy/session/out_stream.h"

namespace longthrow {

// The part of the receive share that a frame of `raw_bytes` costs. Both ends reckon the same.
[[nodiscard]] constexpr std::uint64_t credit_charge(std::uint32_t raw_bytes) {
  return (raw_bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

// Whether bytes are handed over as soon as they are in order, or only up to a cut (see InEpochs).
enum class HandOver : std::uint8_t { at_once, by_cut };

// INVARIANT: consumed <= releasable <= contiguous; frames are disjoint, none ends below consumed,
// those in ahead_ begin above contiguous. Each step costs O(log frames) and what it frees, in
// whatever order a peer sends.
class InStream {
 public:
  // Takes verified bytes. REQUIRES: the frame's number was new. An error is a fault of the peer:
  // its frames overlap, or lie beyond the end.
  [[nodiscard]] Result<void> insert(std::uint64_t offset, std::uint32_t raw_bytes, Stored raw,
                                    HandOver hand_over = HandOver::at_once);
  // Takes a blank: bytes that will never come. An error unless discarding(): a peer sends blanks
  // only after a stop.
  [[nodiscard]] Result<void> insert_blank(std::uint64_t offset, std::uint32_t raw_bytes);
  [[nodiscard]] Result<void> set_end(std::uint64_t offset, EndKind kind);

  // The next bytes to hand over, at most `bytes_max`; returns the number of pieces. They are
  // pinned: the kernel may read them until `handed_over`, whatever happens to the stream. REQUIRES:
  // none are pinned.
  std::size_t pin(std::span<ByteView> out, std::size_t bytes_max);
  // Of the pinned bytes, `bytes` were handed over and the others were not. Returns the credit
  // charge of the frames that this finished.
  std::uint64_t handed_over(std::uint64_t bytes);
  // Throws away all bytes, also those that come later. Returns the charge that this frees.
  std::uint64_t discard();

  // All bytes below are held or handed over.
  [[nodiscard]] std::uint64_t contiguous_offset() const { return contiguous_offset_; }
  [[nodiscard]] std::uint64_t consumed_offset() const { return consumed_offset_; }
  // Below it bytes may be handed over: all that are here, but for those that wait for a cut.
  [[nodiscard]] std::uint64_t releasable_offset() const {
    return held_.empty() ? contiguous_offset_ : std::max(held_.front().from, cut_offset_);
  }
  // A cut at `offset` is whole.
  void release_up_to(std::uint64_t offset);
  // Bytes that wait for a cut.
  [[nodiscard]] std::uint64_t held_back_bytes() const {
    return contiguous_offset_ - releasable_offset();
  }
  [[nodiscard]] std::uint64_t ready_bytes() const { return releasable_offset() - consumed_offset_; }
  // All bytes up to the end have been handed over or thrown away.
  [[nodiscard]] bool at_end() const {
    if (end_.has_value() && planted(Plant::end_before_bytes)) return ready_bytes() == 0;
    return end_.has_value() && consumed_offset_ == end_->offset;
  }
  // All bytes up to the end are here, or were.
  [[nodiscard]] bool complete() const { return end_ && contiguous_offset_ == end_->offset; }
  [[nodiscard]] std::optional<EndKind> end_kind() const {
    return end_ ? std::optional(end_->kind) : std::nullopt;
  }
  [[nodiscard]] bool discarding() const { return discarding_; }
  // Charge of what is held, in order or not.
  [[nodiscard]] std::uint64_t held_charge_bytes() const { return held_charge_bytes_; }

 private:
  struct Piece {
    std::uint64_t offset = 0;
    std::uint32_t raw_bytes = 0;
    Stored raw;
    HandOver hand_over = HandOver::at_once;
  };
  // Contiguous bytes of which those behind the last cut wait.
  struct Range {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
  };
  struct End {
    std::uint64_t offset = 0;
    EndKind kind = EndKind::fin;
  };
  [[nodiscard]] Result<void> insert_piece(Piece piece);
  [[nodiscard]] bool overlaps(const Piece& piece) const;
  void append(Piece piece);
  std::uint64_t consume(std::uint64_t bytes);

  std::deque<Piece> frames_;              // contiguous, ascending, up to contiguous_offset_
  std::map<std::uint64_t, Piece> ahead_;  // by offset; something before each is missing
  std::deque<Range> held_;                // disjoint, ascending; each ends behind cut_offset_
  std::uint64_t cut_offset_ = 0;
  std::uint64_t contiguous_offset_ = 0;
  std::uint64_t consumed_offset_ = 0;
  std::uint64_t held_charge_bytes_ = 0;
  std::optional<End> end_;
  std::uint64_t pinned_bytes_ = 0;  // from consumed_offset_ on
  bool discarding_ = false;
  bool payloads_released_ = false;  // the memory of all held frames is freed
};

}  // namespace longthrow
