// SPDX-License-Identifier: Apache-2.0
#include "proxy/legs/inlet.h"

#include "proxy/base/planted.h"

namespace longthrow {
namespace {

constexpr std::size_t kDiscardedBytes = 512;

}  // namespace

Inlet::Inlet(const Parts& parts, InletOwner& owner)
    : loop_(parts.loop),
      leg_(parts.leg),
      guide_(parts.guide),
      core_(parts.core),
      watcher_(parts.watcher),
      owner_(owner),
      stream_(parts.ingest, *this, parts.core),
      discarded_(guide_.wants_thrown_away() ? kDiscardedBytes : 0),
      history_(owner.wall_ns()) {
  readable_.bind<&Inlet::on_readable>(this, &watcher_);
  read_.bind<&Inlet::on_received>(this, &watcher_);
}

// --- reading

void Inlet::pump() {
  if (may_begin_read() && (discards() || wants_bytes())) leg_.wait_readable(readable_);
}

bool Inlet::may_begin_read() const {
  return leg_.open() && !ended() && !read_.in_flight() && !readable_.in_flight();
}

void Inlet::on_readable(int result) {
  if (!may_begin_read()) return;
  (void)result;  // a failure shows in the receive that follows
  if (discards()) {
    into_ = Into::nowhere;
    leg_.receive(read_, discarded_.empty() ? owner_.garbage() : ByteSpan(discarded_));
  } else if (wants_bytes()) {
    read_into_block();
  }
}

// Reads at once, because legs get slabs in the order in which they began to wait, not in the order
// of the events of epoll or io_uring.
void Inlet::on_slab() {
  if (may_begin_read() && wants_bytes()) {
    read_into_block();
  } else {
    pump();
  }
}

void Inlet::read_into_block() {
  const ByteSpan space = stream_.open_block();
  if (!space.empty()) leg_.receive(read_, space);
}

void Inlet::on_received(int result) {
  const bool garbage = std::exchange(into_, Into::block) == Into::nowhere;
  if (!garbage) stream_.end_receive();
  if (leg_.closed()) {
    if (result > 0) throw_away(static_cast<std::uint64_t>(result));
    settle_open_block();
    return send_pending_end();
  }
  if (result <= 0) {
    const EndKind kind = result == 0 ? EndKind::fin : EndKind::abort;
    end(kind);
    return owner_.on_leg_said_last(kind);
  }
  const auto bytes = static_cast<std::uint32_t>(result);
  if (garbage && !discarded_.empty()) guide_.on_thrown_away(ByteView(discarded_).first(bytes));
  if (discards()) throw_away(bytes);
  if (!garbage && !discards()) {
    take(bytes);
  } else if (!garbage) {
    stream_.give_back_open_block();
    send_pending_end();
  }
  pump();
}

void Inlet::take(std::uint32_t bytes) {
  const std::uint64_t offset = read_bytes_;
  const TimePoint seen_at = given_at(offset).value_or(loop_.now());
  guide_.on_given(stream_.fresh(bytes), loop_.now());
  read_bytes_ += bytes;
  // A receive that does not fill its space has emptied the leg. After one that fills it, the leg
  // may hold more bytes, which may have waited for long.
  if (bytes < stream_.room_bytes()) history_.note(owner_.wall_ns(), read_bytes_);
  owner_.on_read(bytes);
  stream_.add({.bytes = bytes,
               .offset = offset,
               .read_at = seen_at,
               .wall_ns = history_.complete_at(read_bytes_)});
}

// The history notes thrown-away bytes, too: their loss is reported with their age.
void Inlet::throw_away(std::uint64_t bytes) {
  thrown_away_bytes_ += bytes;
  history_.note(owner_.wall_ns(), read_bytes_ + thrown_away_bytes_);
}

// --- ends

void Inlet::end(EndKind kind) {
  end_seen_ = kind;
  if (kind == EndKind::abort && planted(Plant::drop_unframed)) stream_.give_back_open_block();
  settle_open_block();
  if (!discards()) end_pending_ = kind;
  send_pending_end();
}

// What was read is for the peer, although its leg ends.
void Inlet::settle_open_block() {
  if (stream_.open_is_empty() || discards() || !stream_.attached()) {
    stream_.give_back_open_block();
  } else {
    stream_.close_block();
  }
}

void Inlet::send_pending_end() {
  const bool all_framed = stream_.all_framed() && stream_.open_is_empty();
  if (!end_pending_ || !stream_.attached() || !all_framed) return;
  const EndKind kind = *end_pending_;
  end_pending_.reset();
  owner_.on_end_due(kind);
}

void Inlet::on_block_done() {
  send_pending_end();
  watcher_.on_completion();
}

void Inlet::discard() {
  bytes_ = Bytes::unwanted;
  pump();
}

void Inlet::abort() {
  bytes_ = Bytes::unwanted;
  stream_.drop_blocks();
  end_pending_ = EndKind::abort;
  send_pending_end();
}

void Inlet::detach() {
  stream_.detach();
  stream_.drop_blocks();
  end_pending_.reset();
}

void Inlet::note_destroyed() {
  if (leg_.open() && !ended()) throw_away(leg_.stats().unread_bytes);
}

// Also tells the end of a leg that ended while its bytes were thrown away.
void Inlet::end_with_leg() {
  if (!end_seen_) end_seen_ = EndKind::abort;
  if (!core_.out.end && !end_pending_) end_pending_ = EndKind::abort;
  send_pending_end();
}

std::uint64_t Inlet::unread_before_stop() const {
  if (leg_.closed() || ended() || discards()) return 0;
  return stop_offset_ - std::min(stop_offset_, read_bytes_);
}

// --- numbers

std::uint64_t Inlet::unread_bytes() const { return leg_.open() ? unread_bytes(leg_.stats()) : 0; }

std::uint64_t Inlet::unread_bytes(const SocketStats& stats) const {
  if (ended() || discards() || planted(Plant::lag_without_unread)) return 0;
  return stats.unread_bytes;
}

std::optional<TimePoint> Inlet::given_at(std::uint64_t offset) const {
  const auto seen_ns = history_.seen_at(offset);
  if (!seen_ns) return std::nullopt;
  return loop_.now() - Duration(owner_.wall_ns() - *seen_ns);
}

void Inlet::note_given_since(TimePoint since) {
  const std::int64_t since_ns = owner_.wall_ns() - (loop_.now() - since).count();
  history_ = ReadHistory(since_ns);
  history_.note(since_ns + 1, unread_bytes());
}

}  // namespace longthrow
