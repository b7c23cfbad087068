// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/in_stream.h"

#include <algorithm>

namespace longthrow {

Result<void> InStream::insert(std::uint64_t offset, std::uint32_t raw_bytes, Stored raw) {
  if (discarding_) raw.release();
  return insert_piece(Piece{offset, raw_bytes, std::move(raw)});
}

Result<void> InStream::insert_blank(std::uint64_t offset, std::uint32_t raw_bytes) {
  if (!discarding_) return fail("a blank for a stream that was not stopped");
  return insert_piece(Piece{offset, raw_bytes, Stored{}});
}

Result<void> InStream::insert_piece(Piece piece) {
  const std::uint64_t piece_end = piece.offset + piece.raw_bytes;
  if (end_ && piece_end > end_->offset) return fail("bytes beyond the end of their stream");
  if (piece.offset < contiguous_offset_) return fail("bytes that were sent before");
  auto place = frames_.end();
  while (place != frames_.begin() && std::prev(place)->offset > piece.offset) --place;
  const bool overlaps_next = place != frames_.end() && piece_end > place->offset;
  const bool overlaps_previous =
      place != frames_.begin() &&
      std::prev(place)->offset + std::prev(place)->raw_bytes > piece.offset;
  if (overlaps_next || overlaps_previous) return fail("frames that overlap");
  frames_.insert(place, std::move(piece));
  advance_contiguous();
  return {};
}

Result<void> InStream::set_end(std::uint64_t offset, EndKind kind) {
  if (end_) return fail("a second end of one stream");
  const std::uint64_t held_end =
      frames_.empty() ? contiguous_offset_ : frames_.back().offset + frames_.back().raw_bytes;
  if (offset < std::max(held_end, contiguous_offset_)) {
    return fail("an end before bytes that were sent");
  }
  end_ = End{offset, kind};
  return {};
}

void InStream::advance_contiguous() {
  while (contiguous_frames_ < frames_.size() &&
         frames_[contiguous_frames_].offset == contiguous_offset_) {
    contiguous_offset_ += frames_[contiguous_frames_].raw_bytes;
    ++contiguous_frames_;
  }
}

std::size_t InStream::pin(std::span<ByteView> out, std::size_t bytes_max) {
  LT_ASSERT(pinned_bytes_ == 0 && !discarding_);
  std::size_t count = 0;
  std::uint64_t position = consumed_offset_;
  for (std::size_t i = 0; i < contiguous_frames_ && count < out.size() && bytes_max > 0; ++i) {
    const Piece& frame = frames_[i];
    std::size_t got = frame.raw.pieces(position - frame.offset, out.subspan(count));
    for (; got > 0 && bytes_max > 0; --got, ++count) {
      out[count] = out[count].first(std::min(out[count].size(), bytes_max));
      bytes_max -= out[count].size();
      position += out[count].size();
    }
    if (position != frame.offset + frame.raw_bytes) break;
  }
  pinned_bytes_ = position - consumed_offset_;
  return count;
}

std::uint64_t InStream::handed_over(std::uint64_t bytes) {
  LT_ASSERT(bytes <= pinned_bytes_);
  pinned_bytes_ = 0;
  const std::uint64_t charge = consume(bytes);
  return discarding_ ? charge + discard() : charge;
}

std::uint64_t InStream::consume(std::uint64_t bytes) {
  LT_ASSERT(bytes <= ready_bytes());
  consumed_offset_ += bytes;
  std::uint64_t charge = 0;
  while (contiguous_frames_ > 0 &&
         frames_.front().offset + frames_.front().raw_bytes <= consumed_offset_) {
    charge += credit_charge(frames_.front().raw_bytes);
    frames_.pop_front();
    --contiguous_frames_;
  }
  return charge;
}

std::uint64_t InStream::held_charge_bytes() const {
  std::uint64_t charge = 0;
  for (const Piece& frame : frames_) charge += credit_charge(frame.raw_bytes);
  return charge;
}

std::uint64_t InStream::discard() {
  discarding_ = true;
  if (pinned_bytes_ > 0) return 0;  // handed_over() comes, and discards
  for (Piece& frame : frames_) frame.raw.release();
  return consume(ready_bytes());
}

}  // namespace longthrow
