// SPDX-License-Identifier: Apache-2.0
// A channel's life and its ends. Reading the leg is in channel_read.cc.
#include "proxy/legs/channel.h"

#include <array>
#include <cstring>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"
#include "proxy/base/source_choice.h"

namespace longthrow {
namespace {

// A write hands over at most so much at a time: it bounds how long a leg keeps frames pinned.
constexpr std::size_t kWriteBytesMax = kMiB;
constexpr std::size_t kDiscardedBytes = 512;
constexpr Duration kAbortLook = std::chrono::milliseconds(20);
constexpr Duration kSeldomLook = std::chrono::milliseconds(250);
constexpr Duration kOftenFor = std::chrono::seconds(1);

}  // namespace

Channel::Channel(ChannelHost& host, ChannelCore& core, Route& route, Group& group, Opener opener)
    : opened_here(opener == Opener::here),
      history(host.wall_ns()),
      host_(host),
      loop_(host.loop()),
      core_(&core),
      route_(route),
      group_(group),
      stream_(host.ingest(), *this, core) {
  core.user = this;
  guide_ = route.guide->guide(*this, opener);
  if (guide_->wants_thrown_away()) discarded_.resize(kDiscardedBytes);
  connect_.bind<&Channel::on_connected>(this);
  resolution_.operation.bind<&Channel::on_resolved>(this);
  timer_.bind<&Channel::on_timer>(this);
  readable_.bind<&Channel::on_readable_leg>(this);
  read_.bind<&Channel::on_read>(this);
  write_.bind<&Channel::on_written>(this);
  end_soon_timer_.bind<&Channel::on_end_soon_timer>(this);
}

Channel::~Channel() {
  loop_.disarm(timer_);
  loop_.disarm(end_soon_timer_);
  if (leg_.valid()) loop_.close(leg_, CloseMode::reset);
}

bool Channel::idle() const {
  return closed() && !stream_.jobs_under_way() && !connect_.in_flight() && !resolving_ &&
         !readable_.in_flight() && !read_.in_flight() && !write_.in_flight();
}

// --- the leg

void Channel::adopt_leg(Socket leg) {
  leg_ = leg;
  on_leg_open();
}

void Channel::connect_leg(const HostPort& target, const std::optional<Endpoint>& source,
                          const std::optional<Endpoint>& usual_source) {
  source_ = source;
  usual_source_ = usual_source;
  resolving_ = true;
  loop_.arm(timer_, loop_.now() + kConnectTimeout);
  loop_.resolve(resolution_, target);
}

void Channel::on_resolved(int result) {
  resolving_ = false;
  if (closed()) return;
  if (result < 0 || resolution_.endpoints.empty()) {
    close_leg(CloseMode::reset, {LossReason::target_unreachable,
                                 format("cannot resolve the target: {}", resolution_.error)});
    return;
  }
  addresses_ = resolution_.endpoints;
  connect_next();
}

void Channel::connect_next() {
  while (next_address_ < addresses_.size()) {
    const Endpoint& address = addresses_[next_address_++];
    const auto socket = loop_.connect(
        connect_, address,
        {.use = SocketUse::leg, .source = choose_source(source_, usual_source_, address)});
    if (socket) {
      leg_ = *socket;
      loop_.arm(timer_, loop_.now() + kConnectTimeout);
      return;
    }
    end_cause_.text = format("{}: {}", to_string(address), socket.error().message);
  }
  close_leg(CloseMode::reset, {LossReason::target_unreachable,
                               format("cannot connect to the target {}", end_reason())});
}

void Channel::on_connected(int result) {
  if (closed()) return;
  if (result == 0 && leg_.valid()) {
    on_leg_open();
    return;
  }
  const std::string why = result == -ECANCELED ? "timed out" : std::strerror(-result);
  end_cause_.text = format("{}: {}", to_string(addresses_[next_address_ - 1]), why);
  if (leg_.valid()) loop_.close(leg_, CloseMode::reset);
  leg_ = Socket{};
  connect_next();
}

void Channel::on_leg_open() {
  loop_.disarm(timer_);
  leg_state_ = LegState::open;
  pump_read();
  pump_write();
}

void Channel::on_timer() {
  if (aborting_) {
    check_abort();
  } else if (finishing_) {
    check_close();
  } else if (leg_state_ == LegState::connecting) {
    if (!leg_.valid()) {
      close_leg(CloseMode::reset,
                {LossReason::target_unreachable, "cannot resolve the target: timed out"});
      return;
    }
    // The connect completes as cancelled, and the next address is tried.
    loop_.close(leg_, CloseMode::reset);
    leg_ = Socket{};
  } else {
    watch_handing_over();
  }
}

// --- writing

void Channel::on_readable() { pump_write(); }

void Channel::pump_write() {
  if (leg_state_ != LegState::open || write_.in_flight()) return;
  std::array<ByteView, Loop::kSendPiecesMax> pieces;
  std::size_t count = 0;
  while (count == 0) {
    const std::uint64_t wanted =
        last_offset_ ? *last_offset_ - core_->in.consumed_offset() : core_->in.ready_bytes();
    if (write_failed_ || core_->in.discarding() || wanted == 0) {
      if (!answer()) after_write();
      return;
    }
    const std::uint64_t bytes_max = std::min<std::uint64_t>(wanted, kWriteBytesMax);
    count = core_->in.pin(pieces, bytes_max);
    if (!guide_->leaves_out()) break;
    const std::uint64_t before = core_->in.consumed_offset();
    count = leave_out(std::span(pieces).first(count));
    if (count > 0 || before != core_->in.consumed_offset()) continue;
    // A packet has begun, and it is not known which; the rest is still to come, or never will.
    if (attached() && !last_offset_ && !core_->in.complete()) return;
    count = core_->in.pin(pieces, bytes_max);
  }
  write_asked_bytes_ = 0;
  for (std::size_t i = 0; i < count; ++i) write_asked_bytes_ += pieces[i].size();
  for (std::size_t i = 0; i < count; ++i) guide_->on_handed_over(pieces[i], loop_.now());
  heed_guide();
  loop_.send(write_, leg_, std::span(pieces).first(count));
}

void Channel::hand_over(std::uint64_t bytes) {
  if (attached()) {
    host_.channel_written(*this, bytes);
  } else {
    core_->in.handed_over(bytes);
  }
}

void Channel::on_written(int result) {
  const auto written = static_cast<std::uint64_t>(std::max(result, 0));
  if (!std::exchange(answering_, false)) hand_over(written);
  if (closed()) return;
  if (written < write_asked_bytes_) {
    write_failed_ = true;
    if (planted(Plant::write_failure_aborts)) return close_leg(CloseMode::reset, {});
    note_last_delivered();
    if (attached()) {
      host_.channel_stop(*this);
    } else {
      core_->in.discard();
    }
  }
  pump_write();
}

void Channel::after_write() {
  if (leg_state_ != LegState::open || aborting_ || finishing_) return;
  if (write_failed_) {
    // Nothing can be written any more; what the leg still says is read to its end.
    if (read_ended_ || !attached())
      close_leg(CloseMode::reset,
                {LossReason::program_closed, "the leg was closed by its other end"});
    return;
  }
  if (guide_->holds_end()) return;
  if (last_offset_) {
    begin_abort();
    return;
  }
  // A stream whose bytes were thrown away has no clean end, whatever its writer sent.
  const bool clean_end =
      core_->in.at_end() && core_->in.end_kind() == EndKind::fin && !core_->in.discarding();
  if (!attached()) {
    if (core_->in.ready_bytes() > 0) return;
    const bool both_clean = clean_end && fin_written_ && read_ended_ && core_->out.end_acked;
    if (both_clean) {
      begin_close();
    } else {
      begin_abort();
    }
    return;
  }
  if (!core_->in.at_end()) return;
  if (!clean_end || core_->out.stopped) {
    begin_abort();
    return;
  }
  if (!fin_written_) {
    fin_written_ = true;
    fin_queued_ = loop_.shutdown_send(leg_);
  }
  if (read_ended_) begin_close();
}

// --- ends

void Channel::begin_abort() {
  aborting_ = true;
  abort_deadline_ = loop_.now() + host_.abort_linger();
  check_abort();
}

// What the leg has not acknowledged by now will never be delivered.
void Channel::note_last_delivered() {
  if (delivered_last_) return;
  const std::uint64_t queued = queued_bytes();
  report_delivered(queued);
  delivered_last_ = delivered_offset(queued);
}

std::uint64_t Channel::lost_bytes() const {
  const std::uint64_t here = core_->in.contiguous_offset();
  return delivered_last_ ? here - std::min(here, *delivered_last_) : 0;
}

std::uint64_t Channel::acknowledged_offset(std::uint64_t queued_bytes) const {
  const std::uint64_t consumed = core_->in.consumed_offset();
  if (planted(Plant::delivered_early)) return consumed;
  return consumed - std::min(consumed, queued_bytes);
}

// What was acknowledged once stays so, although of a send that is under way it is not known how far
// it came.
std::uint64_t Channel::delivered_offset(std::uint64_t queued_bytes) const {
  return std::max(delivered_, acknowledged_offset(queued_bytes));
}

void Channel::check_abort() {
  const std::uint64_t queued = loop_.stats(leg_).unacknowledged_bytes;
  if ((queued == 0 && guide_->has_applied()) || loop_.now() >= abort_deadline_ ||
      planted(Plant::abort_at_once)) {
    close_leg(CloseMode::reset,
              {LossReason::target_stuck,
               attached() ? "aborted by the other side: status and log there say why"
                          : "the session ended"});
    return;
  }
  loop_.arm(timer_, loop_.now() + kAbortLook);
}

// Both ends are clean. The leg is kept until the target's TCP has acknowledged all: only then are
// the bytes delivered. Its own timers end it if the target is gone.
void Channel::begin_close() {
  finishing_ = true;
  closing_since_ = loop_.now();
  check_close();
}

void Channel::check_close() {
  const SocketStats stats = loop_.stats(leg_);
  if (queued_bytes(stats) == 0) return close_leg(CloseMode::graceful, {});
  if (stats.over)
    return close_leg(CloseMode::reset, {LossReason::program_closed,
                                        "the target broke the connection before it had all"});
  // Nobody is left to be told: the kernel goes on alone.
  const TimePoint now = loop_.now();
  if (attached()) {
    close_deadline_ = now + host_.abort_linger();
  } else if (now >= close_deadline_) {
    return close_leg(CloseMode::graceful, {});
  }
  loop_.arm(timer_, now + (now - closing_since_ < kOftenFor ? kAbortLook : kSeldomLook));
}

void Channel::abort(LossCause cause) {
  cut_ = true;
  close_leg(CloseMode::reset, std::move(cause));
}

void Channel::on_stopped() {
  discard_reads_ = true;
  stream_.drop_blocks();
  pending_end_ = EndKind::abort;
  send_pending_end();
  if (closed()) return;
  pump_read();
  pump_write();
}

void Channel::end_after_delivery() {
  if (closed() || last_offset_) return;
  cut_ = true;
  if (leg_state_ == LegState::connecting) {
    abort({LossReason::takeover, "takeover of its group"});
    return;
  }
  last_offset_ = core_->in.contiguous_offset();
  // Read, and thrown away: DRBD's acknowledgements say when its disk has what it was handed.
  discard_reads_ = true;
  pump_read();
  pump_write();
  watch_handing_over();
}

void Channel::on_corrupt() {
  abort({LossReason::corrupt, "corrupt at source: a frame failed its checksum three times"});
}

void Channel::detach(std::unique_ptr<ChannelCore> core) {
  LT_ASSERT(core.get() == core_);
  cut_ = cut_ || !closed();
  owned_core_ = std::move(core);
  stream_.detach();
  guide_->on_session_over();
  if (planted(Plant::drop_held_bytes)) core_->in.discard();
  stream_.drop_blocks();
  pending_end_.reset();
  if (leg_state_ == LegState::connecting) {
    close_leg(CloseMode::reset, {LossReason::target_unreachable, "the session ended"});
  } else if (!closed()) {
    discard_reads_ = true;
    pump_read();
    pump_write();
    watch_handing_over();
  }
}

// Nobody but the leg has a say any more: one that hangs would keep its memory and its route for
// ever. A slow one has all the time it needs.
void Channel::watch_handing_over() {
  if (leg_state_ != LegState::open || aborting_ || finishing_) return;
  const std::uint64_t taken = loop_.stats(leg_).acknowledged_bytes;
  if (taken != taken_seen_bytes_ || taken_at_ == TimePoint{}) taken_at_ = loop_.now();
  taken_seen_bytes_ = taken;
  if (loop_.now() - taken_at_ >= host_.abort_linger()) {
    close_leg(CloseMode::reset,
              {LossReason::target_stuck,
               format("{}, and the target takes nothing more",
                      attached() ? "its group was taken over" : "the session ended")});
    return;
  }
  loop_.arm(timer_, loop_.now() + kSeldomLook);
}

void Channel::close_leg(CloseMode mode, LossCause cause) {
  if (closed()) return;
  report_delivered();
  if (mode == CloseMode::reset) note_last_delivered();
  // What has come and was not read is destroyed with the leg.
  if (mode == CloseMode::reset && leg_state_ == LegState::open && !read_ended_)
    throw_away(loop_.stats(leg_).unread_bytes);
  leg_state_ = LegState::closed;
  loop_.disarm(timer_);
  if (leg_.valid()) loop_.close(leg_, mode);
  leg_ = Socket{};
  aborted_ = mode == CloseMode::reset;
  end_cause_ = std::move(cause);
  broken_ = aborted_ && breaks_in_the_midst();
  if (resolving_) loop_.cancel(resolution_.operation);
  stream_.give_back_open_block();
  if (attached()) {
    // What the peer is not told to be delivered, it is told to be lost.
    const bool all_delivered = core_->in.at_end() && delivered_ == core_->in.consumed_offset();
    if (!all_delivered) host_.channel_stop(*this);
    read_ended_ = true;
    // Also of a leg that had ended while what it said was thrown away.
    if (!core_->out.end && !pending_end_) pending_end_ = EndKind::abort;
    send_pending_end();
  }
  host_.channel_closed(*this);
}

// --- numbers

void Channel::look() {
  looked_ = {};
  if (leg_state_ != LegState::open) return;
  const SocketStats stats = loop_.stats(leg_);
  report_delivered(queued_bytes(stats));
  looked_ = {.unread_bytes = unread_bytes(stats),
             .undelivered_bytes = undelivered_bytes(queued_bytes(stats))};
}

void Channel::report_delivered() {
  if (!closed()) report_delivered(queued_bytes());
}

void Channel::report_delivered(std::uint64_t queued_bytes) {
  if (core_->in.discarding()) return;
  const std::uint64_t delivered = acknowledged_offset(queued_bytes);
  if (delivered <= delivered_) return;
  delivered_ = delivered;
  if (attached()) host_.channel_delivered(*this, delivered);
}

std::uint64_t Channel::unread_bytes() const {
  return leg_state_ == LegState::open ? unread_bytes(loop_.stats(leg_)) : 0;
}

std::uint64_t Channel::unread_bytes(const SocketStats& stats) const {
  if (read_ended_ || discard_reads_ || planted(Plant::lag_without_unread)) return 0;
  return stats.unread_bytes;
}

std::uint64_t Channel::unproven_bytes() const {
  const std::uint64_t taken = read_bytes_ + unread_bytes() + thrown_away_bytes_;
  return taken - std::min(taken, core_->out.delivered_offset);
}

bool Channel::breaks_in_the_midst() const {
  return !opened_here && attached() && !core_->out.stopped && !core_->in.end_kind() &&
         core_->in.consumed_offset() >= kTrifleBytes;
}

ChannelEnd::How Channel::how_it_ended() const {
  using enum ChannelEnd::How;
  if (cut_) return cut;
  const bool written_in_order =
      core_->in.at_end() && core_->in.end_kind() == EndKind::fin && !core_->in.discarding();
  if (!aborted_) return in_order;
  if (broken_) return broken;
  return read_ended_in_order_ || written_in_order ? half_in_order : aborted;
}

std::uint64_t Channel::queued_bytes() const {
  return leg_state_ == LegState::open ? queued_bytes(loop_.stats(leg_)) : 0;
}

// A FIN counts as one byte of the kernel's queue.
std::uint64_t Channel::queued_bytes(const SocketStats& stats) const {
  const std::uint64_t queued = stats.unacknowledged_bytes;
  return queued - (fin_queued_ && queued > 0 ? 1 : 0);
}

std::uint64_t Channel::undelivered_bytes() const { return undelivered_bytes(queued_bytes()); }

std::uint64_t Channel::undelivered_bytes(std::uint64_t queued_bytes) const {
  if (write_failed_) return 0;  // lost, what was not delivered by then
  const std::uint64_t here = core_->in.contiguous_offset();
  return here - std::min(here, delivered_offset(queued_bytes));
}

ChannelStatus Channel::status() const {
  ChannelStatus status{.id = core_->id, .opened_here = opened_here};
  if (leg_.valid()) {
    if (const auto local = loop_.local_endpoint(leg_)) status.local = to_string(*local);
    if (const auto remote = loop_.remote_endpoint(leg_)) status.remote = to_string(*remote);
  }
  const bool half_closed = read_ended_ || core_->in.end_kind().has_value();
  status.state = aborting_ || discard_reads_ || (write_failed_ && !closed()) ? "aborting"
                 : closed() || finishing_                                    ? "closing"
                 : half_closed                                               ? "half-closed"
                 : leg_state_ == LegState::connecting                        ? "connecting"
                                                                             : "open";
  status.in_bytes = read_bytes_;
  status.out_bytes = core_->in.consumed_offset();
  status.lag_bytes =
      core_->out.accepted_offset() - core_->out.received_offset() + stream_.unframed_bytes();
  status.delivered_bytes = core_->out.delivered_offset;
  return status;
}

}  // namespace longthrow
