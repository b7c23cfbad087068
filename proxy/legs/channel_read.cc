// SPDX-License-Identifier: Apache-2.0
// Reading a leg into blocks. An idle leg waits without memory: only when there is something to read
// does it borrow a slab, and it gives the slab away as soon as a frame is worth making.
#include "proxy/base/planted.h"
#include "proxy/legs/channel.h"

namespace longthrow {

void Channel::pump_read() {
  if (!may_begin_read()) return;
  if (discard_reads_ || wants_bytes()) loop_.wait_readable(readable_, leg_);
}

bool Channel::may_begin_read() const {
  return leg_state_ == LegState::open && !read_ended_ && !read_.in_flight() &&
         !readable_.in_flight();
}

bool Channel::wants_bytes() const {
  return attached() && !aborting_ && !last_offset_ && host_.reading_allowed(*this);
}

void Channel::on_readable_leg(int result) {
  if (!may_begin_read()) return;
  (void)result;  // a failure shows in the receive
  if (discard_reads_) {
    reading_garbage_ = true;
    loop_.receive(read_, leg_, discarded_.empty() ? host_.garbage() : ByteSpan(discarded_));
  } else if (wants_bytes()) {
    read_into_block();
  }
}

// Reads at once, because legs get slabs in the order in which they began to wait, not in the order
// of the events of epoll or io_uring.
void Channel::on_slab() {
  if (may_begin_read() && !discard_reads_ && wants_bytes()) {
    read_into_block();
  } else {
    pump_read();
  }
}

void Channel::read_into_block() {
  const ByteSpan space = stream_.open_block();
  if (!space.empty()) loop_.receive(read_, leg_, space);
}

void Channel::on_read(int result) {
  const bool garbage = std::exchange(reading_garbage_, false);
  if (!garbage) stream_.end_receive();
  if (closed()) {
    if (result > 0) throw_away(static_cast<std::uint64_t>(result));
    stream_.give_back_open_block();
    return;
  }
  if (result > 0) {
    if (garbage && !discarded_.empty())
      guide_->on_thrown_away(ByteView(discarded_).first(static_cast<std::size_t>(result)));
    if (discard_reads_) throw_away(static_cast<std::uint64_t>(result));
    if (!garbage && !discard_reads_) {
      on_read_bytes(static_cast<std::uint32_t>(result));
    } else if (!garbage) {
      stream_.give_back_open_block();
    }
    pump_read();
    return;
  }
  end_reading(result == 0 ? EndKind::fin : EndKind::abort);
  if (result == 0) {
    after_write();
  } else {
    close_leg(CloseMode::reset, {LossReason::program_closed, "the leg was reset by its other end"});
  }
}

void Channel::on_read_bytes(std::uint32_t bytes) {
  const std::uint64_t offset = read_bytes_;
  const TimePoint seen_at = given_at(offset).value_or(loop_.now());
  guide_->on_given(stream_.fresh(bytes), loop_.now());
  heed_guide();
  answer_now();
  read_bytes_ += bytes;
  // A read that was not filled has emptied the leg; after others, more may have waited for long.
  if (bytes < stream_.room_bytes()) history.note(host_.wall_ns(), read_bytes_);
  host_.channel_read(*this, bytes);
  stream_.add({.bytes = bytes,
               .offset = offset,
               .read_at = seen_at,
               .wall_ns = history.complete_at(read_bytes_)});
}

// Nobody wants them; but since when they are lacking is told.
void Channel::throw_away(std::uint64_t bytes) {
  thrown_away_bytes_ += bytes;
  history.note(host_.wall_ns(), read_bytes_ + thrown_away_bytes_);
}

std::optional<TimePoint> Channel::given_at(std::uint64_t offset) const {
  const auto seen_ns = history.seen_at(offset);
  if (!seen_ns) return std::nullopt;
  return loop_.now() - Duration(host_.wall_ns() - *seen_ns);
}

void Channel::note_given_since(TimePoint since) {
  const std::int64_t since_ns = host_.wall_ns() - (loop_.now() - since).count();
  history = ReadHistory(since_ns);
  history.note(since_ns + 1, unread_bytes());
}

void Channel::end_reading(EndKind kind) {
  read_ended_ = true;
  read_ended_in_order_ = kind == EndKind::fin;
  const bool drops = kind == EndKind::abort && planted(Plant::drop_unframed);
  if (stream_.open_is_empty() || drops) {
    stream_.give_back_open_block();
  } else {
    stream_.close_block();
  }
  if (!discard_reads_) pending_end_ = kind;
  send_pending_end();
}

void Channel::send_pending_end() {
  if (!pending_end_ || !attached() || !stream_.all_framed()) return;
  const EndKind kind = *pending_end_;
  pending_end_.reset();
  host_.channel_end(*this, kind);
}

}  // namespace longthrow
