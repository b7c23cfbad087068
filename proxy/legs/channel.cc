// SPDX-License-Identifier: Apache-2.0
#include "proxy/legs/channel.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {
namespace {

// A program that ends several connections ends them one after the other. So each gets this time to
// end by itself. The time starts anew while the leg has unread bytes, or takes what it is handed.
constexpr Duration kEndSoon = std::chrono::seconds(2);

}  // namespace

Channel::Channel(ChannelHost& host, ChannelCore& core, Route& route, Group& group,
                 Opener its_opener)
    : opener(its_opener),
      host_(host),
      core_(&core),
      route_(route),
      group_(group),
      leg_(host.loop(), *this, *this),
      guide_(route.guide->guide(*this, its_opener)),
      inlet_({host.loop(), host.ingest(), leg_, *guide_, core, *this}, *this),
      outlet_({host.loop(), leg_, *guide_, core.in, *this}, *this) {
  core.user = this;
  end_soon_timer_.bind<&Channel::on_end_soon_timer>(this);
}

Channel::~Channel() { host_.loop().disarm(end_soon_timer_); }

bool Channel::idle() const { return closed() && leg_.idle() && inlet_.idle() && outlet_.idle(); }

// --- the leg

void Channel::on_leg_open() {
  inlet_.pump();
  outlet_.pump();
}

void Channel::on_leg_failed(const LossCause& cause) { on_leg_over(CloseMode::reset, cause); }

bool Channel::may_read() const {
  const bool goes_on = outlet_.corrupt() || !(outlet_.aborting() || outlet_.limited());
  return attached() && goes_on && host_.reading_allowed(*this);
}

void Channel::on_read(std::uint64_t bytes) {
  heed_guide();
  outlet_.answer_now();
  host_.channel_read(*this, bytes);
}

void Channel::on_leg_said_last(EndKind kind) {
  if (kind == EndKind::fin) return outlet_.look_at_end();
  on_leg_over(CloseMode::reset, {LossReason::program_closed, "the leg was reset by its other end"});
}

void Channel::on_handed_over(std::uint64_t bytes) {
  if (attached()) {
    host_.channel_written(*this, bytes);
  } else {
    core_->in.handed_over(bytes);
  }
}

void Channel::on_delivered(std::uint64_t offset) { host_.channel_delivered(*this, offset); }

void Channel::on_write_failed() {
  if (attached()) {
    host_.channel_stop(*this);
  } else {
    core_->in.discard();
  }
}

// --- ends

LegFacts Channel::facts() const {
  return {.attached = attached(),
          .said_last = inlet_.ended(),
          .peer_takes_no_more = core_->out.stopped,
          .peer_has_its_end = core_->out.end_acked};
}

void Channel::abort(LossCause cause) {
  cut_ = true;
  on_leg_over(CloseMode::reset, std::move(cause));
}

void Channel::on_stopped() {
  inlet_.abort();
  if (closed()) return tell_if_idle();  // what it had to frame is dropped
  inlet_.pump();
  outlet_.pump();
}

void Channel::end_after_delivery() {
  if (closed() || outlet_.limited()) return;
  if (leg_.connecting() || planted(Plant::takeover_drops_held))
    return abort({LossReason::takeover, "takeover of its group"});
  cut_ = true;
  outlet_.limit_release();
  // The leg is still read: the program's acknowledgements tell the guide what it has applied.
  inlet_.discard();
  outlet_.pump();
  outlet_.watch_handing_over();
}

void Channel::on_corrupt() {
  LossCause cause{LossReason::corrupt,
                  "corrupt at source: a frame failed its checksum three times"};
  if (leg_.connecting()) return abort(std::move(cause));
  if (closed()) return;
  cut_ = true;
  outlet_.end_corrupt(std::move(cause));
}

void Channel::detach(std::unique_ptr<ChannelCore> core) {
  LT_ASSERT(core.get() == core_);
  cut_ = cut_ || !closed();
  owned_core_ = std::move(core);
  guide_->on_session_over();
  if (planted(Plant::drop_held_bytes)) core_->in.discard();
  inlet_.detach();
  if (leg_.connecting())
    return on_leg_over(CloseMode::reset, {LossReason::target_unreachable, "the session ended"});
  if (closed()) return tell_if_idle();
  inlet_.discard();
  outlet_.pump();
  outlet_.watch_handing_over();
}

void Channel::on_leg_over(CloseMode mode, LossCause cause) {
  if (closed()) return;
  outlet_.settle(mode);
  if (mode == CloseMode::reset) inlet_.note_destroyed();
  leg_.close(mode);
  outlet_.on_leg_closed();
  end_cause_ = std::move(cause);
  if (mode == CloseMode::reset)
    closed_how_ = breaks_in_the_midst() ? ClosedHow::broken : ClosedHow::reset;
  inlet_.on_leg_closed();
  if (attached()) {
    // The peer must count as lost all that it is not told to be delivered.
    const InStream& in = core_->in;
    if (!in.at_end() || outlet_.delivered_offset() != in.consumed_offset())
      host_.channel_stop(*this);
    inlet_.end_with_leg();
  }
  host_.channel_closed(*this);
}

bool Channel::breaks_in_the_midst() const {
  return opener == Opener::peer && attached() && !core_->out.stopped && !core_->in.end_kind() &&
         core_->in.consumed_offset() >= kTrifleBytes;
}

ChannelEnd::How Channel::how_it_ended() const {
  using enum ChannelEnd::How;
  if (cut_) return cut;
  switch (closed_how_) {
    case ClosedHow::in_order:
      return in_order;
    case ClosedHow::broken:
      return broken;
    case ClosedHow::reset:
      break;
  }
  const InStream& in = core_->in;
  const bool written_in_order = in.at_end() && in.end_kind() == EndKind::fin && !in.discarding();
  return inlet_.ended_in_order() || written_in_order ? half_in_order : aborted;
}

// --- the guide

void Channel::heed_guide() {
  if (attached() && guide_->wants_express()) host_.channel_is_express(*this);
}

bool Channel::open_at_both_ends() const {
  return open() && attached() && !inlet_.ended() && !inlet_.discards() && !outlet_.aborting() &&
         !outlet_.failed() && !core_->in.end_kind().has_value();
}

void Channel::end_soon(const LossCause& cause) {
  if (closed()) return;
  end_soon_cause_ = cause;
  end_soon_left_bytes_ = undelivered_bytes();
  host_.loop().arm(end_soon_timer_, host_.loop().now() + kEndSoon);
  outlet_.pump();
}

void Channel::on_end_soon_timer() {
  if (closed() || outlet_.aborting() || inlet_.ended()) return;
  const std::uint64_t left = undelivered_bytes();
  const bool takes = left < std::exchange(end_soon_left_bytes_, left);
  if (takes || !inlet_.all_read()) {
    note_reached(Mark::end_soon_waits);
    host_.loop().arm(end_soon_timer_, host_.loop().now() + kEndSoon);
    return;
  }
  abort(end_soon_cause_);
}

// --- numbers

void Channel::look() {
  looked_ = {};
  if (!leg_.open()) return;
  const SocketStats stats = leg_.stats();
  outlet_.report_delivered(stats);
  looked_ = {.unread_bytes = inlet_.unread_bytes(stats),
             .undelivered_bytes = outlet_.undelivered_bytes(stats)};
}

std::uint64_t Channel::unproven_bytes() const {
  const std::uint64_t taken = read_bytes() + unread_bytes() + thrown_away_bytes();
  return taken - std::min(taken, core_->out.delivered_offset);
}

ChannelStatus Channel::status() const {
  ChannelStatus status{.id = core_->id, .opened_here = opener == Opener::here};
  status.local = leg_.local();
  status.remote = leg_.remote();
  const bool half_closed = inlet_.ended() || core_->in.end_kind().has_value();
  const bool aborts = outlet_.aborting() || inlet_.discards() || (outlet_.failed() && !closed());
  status.state = aborts                            ? ChannelState::aborting
                 : closed() || outlet_.finishing() ? ChannelState::closing
                 : half_closed                     ? ChannelState::half_closed
                 : leg_.connecting()               ? ChannelState::connecting
                                                   : ChannelState::open;
  status.in_bytes = read_bytes();
  status.out_bytes = core_->in.consumed_offset();
  status.lag_bytes =
      core_->out.accepted_offset() - core_->out.received_offset() + stream().unframed_bytes();
  status.delivered_bytes = core_->out.delivered_offset;
  return status;
}

}  // namespace longthrow
