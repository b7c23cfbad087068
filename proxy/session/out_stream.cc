// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/out_stream.h"

#include "proxy/base/marks.h"

namespace longthrow {

OutFrame* FramePool::take() {
  if (free_ == nullptr) {
    chunks_.push_back(std::make_unique<OutFrame[]>(kChunkFrames));
    for (std::size_t i = 0; i < kChunkFrames; ++i) {
      chunks_.back()[i].next = free_;
      free_ = &chunks_.back()[i];
    }
  }
  OutFrame* frame = free_;
  free_ = frame->next;
  frame->next = nullptr;
  ++lent_;
  return frame;
}

void FramePool::give(OutFrame* frame) {
  *frame = OutFrame{};
  frame->next = free_;
  free_ = frame;
  --lent_;
}

void OutStream::push(OutFrame* frame) {
  LT_ASSERT(!end.has_value());
  LT_ASSERT(frame->header.offset == accepted_offset_);
  LT_ASSERT(!stopped || frame->header.kind != wire::FrameKind::data);
  frame->stream = this;
  accepted_offset_ += frame->header.raw_bytes;
  if (frame->header.kind == wire::FrameKind::fin) end = EndKind::fin;
  if (frame->header.kind == wire::FrameKind::abort) end = EndKind::abort;
  if (frame->payload.valid()) {
    stored_raw_bytes_ += frame->header.raw_bytes;
    stored_charge_bytes_ += frame->payload.charge_bytes();
    group_charge_bytes_ += frame->payload.charge_bytes();
  }
  waiting_raw_bytes_ += frame->header.raw_bytes;
  (tail_ != nullptr ? tail_->next : head_) = frame;
  tail_ = frame;
  if (waiting_ == nullptr) waiting_ = frame;
}

void OutStream::mark_numbered(OutFrame* frame) {
  LT_ASSERT(frame == waiting_ && !frame->numbered);
  frame->numbered = true;
  sent_offset_ = frame->header.offset + frame->header.raw_bytes;
  waiting_ = frame->next;
  waiting_raw_bytes_ -= frame->header.raw_bytes;
}

void OutStream::release_payload(OutFrame* frame) {
  if (!frame->payload.valid()) return;
  stored_raw_bytes_ -= frame->header.raw_bytes;
  stored_charge_bytes_ -= frame->payload.charge_bytes();
  group_charge_bytes_ -= frame->payload.charge_bytes();
  frame->payload.release();
}

void OutStream::on_acked(OutFrame* frame) {
  LT_ASSERT(frame->stream == this && frame->numbered && !frame->acked);
  frame->acked = true;
  release_payload(frame);
  while (head_ != nullptr && head_->acked) {
    OutFrame* done = head_;
    head_ = done->next;
    if (head_ == nullptr) tail_ = nullptr;
    if (done->header.kind == wire::FrameKind::fin || done->header.kind == wire::FrameKind::abort) {
      end_acked = true;
    }
    pool_.give(done);
  }
}

void OutStream::drop_backlog() {
  stopped = true;
  OutFrame* last_sent = nullptr;
  for (OutFrame* frame = head_; frame != waiting_; frame = frame->next) {
    if (frame->header.kind == wire::FrameKind::data && !frame->acked) {
      release_payload(frame);
      frame->header.kind = wire::FrameKind::blank;
      note_reached(Mark::sent_frame_blanked);
      frame->header.payload_bytes = 0;
      frame->header.codec = CodecId::none;
      frame->header.checksum = 0;
    }
    last_sent = frame;
  }
  while (waiting_ != nullptr) {
    OutFrame* dropped = waiting_;
    waiting_ = dropped->next;
    release_payload(dropped);
    pool_.give(dropped);
  }
  tail_ = last_sent;
  (tail_ != nullptr ? tail_->next : head_) = nullptr;
  accepted_offset_ -= waiting_raw_bytes_;
  waiting_raw_bytes_ = 0;
  // The backlog may contain an end that was not sent. It is dropped, too, and the caller pushes it
  // again, at this offset.
  const bool end_was_sent = tail_ != nullptr && (tail_->header.kind == wire::FrameKind::fin ||
                                                 tail_->header.kind == wire::FrameKind::abort);
  if (!end_was_sent && !end_acked) end.reset();
}

bool OutStream::damage_stored(std::uint64_t which_bit) {
  for (OutFrame* frame = head_; frame != nullptr; frame = frame->next) {
    if (!frame->payload.valid() || frame->acked) continue;
    const std::uint64_t bit = which_bit % (frame->payload.size_bytes() * 8);
    ByteView piece;
    (void)frame->payload.pieces(bit / 8, std::span(&piece, 1));
    const_cast<std::byte&>(piece.front()) ^= std::byte{1} << (bit % 8);
    return true;
  }
  return false;
}

void OutStream::clear() {
  while (head_ != nullptr) {
    OutFrame* frame = head_;
    head_ = frame->next;
    release_payload(frame);
    pool_.give(frame);
  }
  tail_ = waiting_ = nullptr;
  waiting_raw_bytes_ = 0;
}

std::optional<TimePoint> OutStream::oldest_read_at() const {
  for (const OutFrame* frame = head_; frame != nullptr; frame = frame->next) {
    if (frame->header.kind == wire::FrameKind::data && !frame->acked) return frame->read_at;
  }
  return std::nullopt;
}

}  // namespace longthrow
