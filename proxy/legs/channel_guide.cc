// SPDX-License-Identifier: Apache-2.0
// A channel and the guide of its protocol: what the guide wants of it, and answers in the stead of
// the peer's program.
#include <algorithm>

#include "proxy/legs/channel.h"

namespace longthrow {
namespace {

// A program that ends several connections ends them one after the other: each has this time to end
// by itself, with all that is still unread in its leg.
constexpr Duration kEndSoon = std::chrono::seconds(2);

}  // namespace

void Channel::heed_guide() {
  if (attached() && guide_->wants_express()) host_.channel_is_express(*this);
}

bool Channel::open_at_both_ends() const {
  return open() && attached() && !read_ended_ && !aborting_ && !discard_reads_ && !write_failed_ &&
         !core_->in.end_kind().has_value();
}

void Channel::end_soon(const LossCause& cause) {
  if (closed()) return;
  end_soon_cause_ = cause;
  loop_.arm(end_soon_timer_, loop_.now() + kEndSoon);
  pump_write();
}

void Channel::on_end_soon_timer() {
  if (closed() || aborting_ || read_ended_) return;
  if (unread_bytes() > 0) {
    loop_.arm(end_soon_timer_, loop_.now() + kEndSoon);
    return;
  }
  abort(end_soon_cause_);
}

// Only when nothing that the peer has said is left to hand over.
bool Channel::answer() {
  const bool may = attached() && !write_failed_ && !last_offset_ && !fin_written_ && !aborting_ &&
                   !core_->in.discarding() && host_.in_outage();
  if (!may) return false;
  const ByteView answer = guide_->answer();
  if (answer.empty()) return false;
  answering_ = true;
  write_asked_bytes_ = answer.size();
  loop_.send(write_, leg_, std::span(&answer, 1));
  return true;
}

void Channel::answer_now() {
  if (open() && !write_.in_flight() && core_->in.ready_bytes() == 0) (void)answer();
}

// The peer's program has got the questions, too, and answers them: what was answered here already
// is left out. Returns how many of the pinned pieces are to be written; 0: none are pinned any
// more.
std::size_t Channel::leave_out(std::span<ByteView> pieces) {
  const auto [write_bytes, skip_bytes] = guide_->next(pieces);
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
  if (skip_bytes > 0) guide_->on_left_out(pieces.first(shorten(skip_bytes)));
  hand_over(skip_bytes);
  return 0;
}

}  // namespace longthrow
