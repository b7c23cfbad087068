// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/in_stream.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/base/marks.h"

namespace longthrow {

Result<void> InStream::insert(std::uint64_t offset, std::uint32_t raw_bytes, Stored raw,
                              HandOver hand_over) {
  if (discarding_) raw.release();
  return insert_piece(Piece{offset, raw_bytes, std::move(raw), hand_over});
}

Result<void> InStream::insert_blank(std::uint64_t offset, std::uint32_t raw_bytes) {
  note_reached(Mark::blank_came);
  if (!discarding_) return breach("a blank for a stream that was not stopped");
  return insert_piece(Piece{offset, raw_bytes, Stored{}, HandOver::at_once});
}

bool InStream::overlaps(const Piece& piece) const {
  const auto next = ahead_.lower_bound(piece.offset);
  if (next != ahead_.end() && piece.offset + piece.raw_bytes > next->first) return true;
  if (next == ahead_.begin()) return false;
  const auto& [offset, previous] = *std::prev(next);
  return offset + previous.raw_bytes > piece.offset;
}

Result<void> InStream::insert_piece(Piece piece) {
  if (piece.raw_bytes == 0) return breach("a frame without bytes");
  if (end_ && piece.offset + piece.raw_bytes > end_->offset) {
    return breach("bytes beyond the end of their stream");
  }
  if (piece.offset < contiguous_offset_) return breach("bytes that were sent before");
  if (overlaps(piece)) return breach("frames that overlap");
  held_charge_bytes_ += credit_charge(piece.raw_bytes);
  if (piece.offset > contiguous_offset_) {
    const std::uint64_t offset = piece.offset;
    ahead_.emplace(offset, std::move(piece));
    return {};
  }
  append(std::move(piece));
  while (!ahead_.empty() && ahead_.begin()->first == contiguous_offset_) {
    append(std::move(ahead_.extract(ahead_.begin()).mapped()));
  }
  return {};
}

void InStream::append(Piece piece) {
  const std::uint64_t from =
      std::exchange(contiguous_offset_, contiguous_offset_ + piece.raw_bytes);
  if (piece.hand_over == HandOver::by_cut && contiguous_offset_ > cut_offset_ && !discarding_) {
    const bool joins = !held_.empty() && held_.back().to == from;
    if (!joins) held_.push_back({from, from});
    held_.back().to = contiguous_offset_;
  }
  frames_.push_back(std::move(piece));
}

void InStream::release_up_to(std::uint64_t offset) {
  cut_offset_ = std::max(cut_offset_, offset);
  while (!held_.empty() && held_.front().to <= cut_offset_) held_.pop_front();
}

Result<void> InStream::set_end(std::uint64_t offset, EndKind kind) {
  if (end_) return breach("a second end of one stream");
  const std::uint64_t held_end = ahead_.empty()
                                     ? contiguous_offset_
                                     : ahead_.rbegin()->first + ahead_.rbegin()->second.raw_bytes;
  if (offset < held_end) return breach("a stream that ends before bytes that were already sent");
  end_ = End{offset, kind};
  return {};
}

std::size_t InStream::pin(std::span<ByteView> out, std::size_t bytes_max) {
  LT_ASSERT(pinned_bytes_ == 0 && !discarding_);
  std::size_t count = 0;
  std::uint64_t position = consumed_offset_;
  for (std::size_t i = 0; i < frames_.size() && count < out.size() && bytes_max > 0; ++i) {
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
  while (!frames_.empty() &&
         frames_.front().offset + frames_.front().raw_bytes <= consumed_offset_) {
    charge += credit_charge(frames_.front().raw_bytes);
    frames_.pop_front();
  }
  held_charge_bytes_ -= charge;
  return charge;
}

std::uint64_t InStream::discard() {
  discarding_ = true;
  held_.clear();
  if (pinned_bytes_ > 0) {  // handed_over() will discard them
    note_reached(Mark::discarded_while_pinned);
    return 0;
  }
  if (!std::exchange(payloads_released_, true)) {
    for (Piece& frame : frames_) frame.raw.release();
    for (auto& [offset, frame] : ahead_) frame.raw.release();
  }
  return consume(ready_bytes());
}

}  // namespace longthrow
