// SPDX-License-Identifier: Apache-2.0
// Writes to a leg. How the leg ends is in outlet_end.cc.
#include "proxy/legs/outlet.h"

#include <algorithm>
#include <array>

#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {
namespace {

// A write hands over at most this much. So it bounds how long a leg keeps frames pinned.
constexpr std::size_t kWriteBytesMax = kMiB;

}  // namespace

Outlet::Outlet(const Parts& parts, OutletOwner& owner)
    : loop_(parts.loop), leg_(parts.leg), guide_(parts.guide), in_(parts.in), owner_(owner) {
  write_.bind<&Outlet::on_written>(this, &parts.watcher);
  timer_.bind<&Outlet::on_timer>(this);
}

void Outlet::pump() {
  if (!leg_.open() || write_.in_flight()) return;
  std::array<ByteView, Loop::kSendPiecesMax> pieces;
  std::size_t count = 0;
  while (count == 0) {
    const std::uint64_t wanted =
        limited() ? release_limit_ - in_.consumed_offset() : in_.ready_bytes();
    if (failed() || in_.discarding() || wanted == 0) {
      if (!answer()) look_at_end();
      return;
    }
    const std::uint64_t bytes_max = std::min<std::uint64_t>(wanted, kWriteBytesMax);
    count = in_.pin(pieces, bytes_max);
    if (!guide_.leaves_out()) break;
    const std::uint64_t before = in_.consumed_offset();
    count = leave_out(std::span(pieces).first(count));
    if (count > 0 || before != in_.consumed_offset()) continue;
    // A packet has begun, and its kind is not known yet. Wait for the rest of it, unless no more
    // will come.
    if (owner_.attached() && !limited() && !in_.complete()) return;
    count = in_.pin(pieces, bytes_max);
  }
  write_asked_bytes_ = 0;
  for (const ByteView piece : std::span(pieces).first(count)) {
    write_asked_bytes_ += piece.size();
    guide_.on_handed_over(piece, loop_.now());
  }
  owner_.on_shown();
  leg_.send(write_, std::span(pieces).first(count));
}

void Outlet::on_written(int result) {
  const auto written = static_cast<std::uint64_t>(std::max(result, 0));
  const Write what = std::exchange(writing_, Write::peers_bytes);
  if (what == Write::peers_bytes) owner_.on_handed_over(written);
  if (leg_.closed()) return;
  if (written < write_asked_bytes_) {
    failed_ = true;
    note_reached(Mark::write_failed);
    if (planted(Plant::write_failure_aborts)) return owner_.on_leg_over(CloseMode::reset, {});
    note_last_delivered();
    owner_.on_write_failed();
  }
  pump();
}

void Outlet::limit_release() { release_limit_ = in_.releasable_offset(); }

void Outlet::end_corrupt(LossCause cause) {
  corrupt_ = std::move(cause);
  limit_release();
  pump();
}

// --- answers

// Answers only when no bytes of the peer are left to hand over.
bool Outlet::answer() {
  if (state_ != State::flowing || failed() || limited() || in_.discarding() || !owner_.may_answer())
    return false;
  const ByteView answer = guide_.answer();
  if (answer.empty()) return false;
  writing_ = Write::answer;
  write_asked_bytes_ = answer.size();
  leg_.send(write_, std::span(&answer, 1));
  return true;
}

void Outlet::answer_now() {
  if (leg_.open() && !write_.in_flight() && in_.ready_bytes() == 0) (void)answer();
}

// Leaves out the peer's answers to questions that this node has answered already: the peer's
// program has got the questions, too. Returns how many of the pinned pieces to write; 0: none of
// them is pinned any more.
std::size_t Outlet::leave_out(std::span<ByteView> pieces) {
  const auto [write_bytes, skip_bytes] = guide_.next(pieces);
  const auto shorten = [&](std::size_t bytes) {
    std::size_t count = 0;
    while (bytes > 0) {
      ByteView& piece = pieces[count++];
      piece = piece.first(std::min(bytes, piece.size()));
      bytes -= piece.size();
    }
    return count;
  };
  if (write_bytes > 0) return shorten(write_bytes);
  if (skip_bytes > 0) guide_.on_left_out(pieces.first(shorten(skip_bytes)));
  owner_.on_handed_over(skip_bytes);
  return 0;
}

// --- numbers

std::uint64_t Outlet::lost_bytes() const {
  const std::uint64_t here = in_.releasable_offset();
  return delivered_last_ ? here - std::min(here, *delivered_last_) : 0;
}

// Up to where the leg is to take the bytes that are here.
std::uint64_t Outlet::due_offset() const {
  return std::min(release_limit_, in_.releasable_offset());
}

std::uint64_t Outlet::untaken_bytes() const {
  return due_offset() - std::min(due_offset(), delivered_);
}

std::uint64_t Outlet::left_out_bytes() const { return in_.contiguous_offset() - due_offset(); }

std::uint64_t Outlet::acknowledged_offset(std::uint64_t queued_bytes) const {
  const std::uint64_t consumed = in_.consumed_offset();
  if (planted(Plant::delivered_early)) return consumed;
  return consumed - std::min(consumed, queued_bytes);
}

// Never goes back, although how far a send under way has come is not known.
std::uint64_t Outlet::delivered_offset(std::uint64_t queued_bytes) const {
  return std::max(delivered_, acknowledged_offset(queued_bytes));
}

void Outlet::report_delivered(std::uint64_t queued_bytes) {
  if (in_.discarding()) return;
  const std::uint64_t delivered = acknowledged_offset(queued_bytes);
  if (delivered <= delivered_) return;
  delivered_ = delivered;
  owner_.on_delivered(delivered);
}

std::uint64_t Outlet::queued_bytes() const { return leg_.open() ? queued_bytes(leg_.stats()) : 0; }

// A FIN counts as one byte of the kernel's queue.
std::uint64_t Outlet::queued_bytes(const SocketStats& stats) const {
  const std::uint64_t queued = stats.unacknowledged_bytes;
  return queued - (fin_queued_ && queued > 0 ? 1 : 0);
}

std::uint64_t Outlet::undelivered_bytes() const { return undelivered_behind(queued_bytes()); }

std::uint64_t Outlet::undelivered_bytes(const SocketStats& stats) const {
  return undelivered_behind(queued_bytes(stats));
}

std::uint64_t Outlet::undelivered_behind(std::uint64_t queued_bytes) const {
  if (failed()) return 0;  // the undelivered bytes are lost
  // What waits for a cut that will not come is not going to be handed over.
  const bool no_cut_comes = limited() || !owner_.attached();
  const std::uint64_t here = no_cut_comes ? due_offset() : in_.contiguous_offset();
  return here - std::min(here, delivered_offset(queued_bytes));
}

}  // namespace longthrow
