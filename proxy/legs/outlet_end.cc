// SPDX-License-Identifier: Apache-2.0
// How an outlet ends its leg.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/legs/outlet.h"

namespace longthrow {
namespace {

constexpr Duration kOftenLook = std::chrono::milliseconds(20);
constexpr Duration kSeldomLook = std::chrono::milliseconds(250);
constexpr Duration kOftenFor = std::chrono::seconds(1);

}  // namespace

void Outlet::look_at_end() {
  if (!leg_.open() || aborting() || finishing()) return;
  LegFacts facts = owner_.facts();
  facts.write_failed = failed();
  facts.end_held = guide_.holds_end();
  facts.limit_reached = limited();
  facts.fin_written = state_ == State::half_closed;
  facts.more_is_here = in_.ready_bytes() > 0;
  // A stream whose bytes were thrown away must not end by FIN, whatever its writer sent.
  const bool in_order = in_.end_kind() == EndKind::fin && !in_.discarding();
  if (in_.at_end()) facts.peers_end = in_order ? PeersEnd::fin : PeersEnd::abort;
  LegEnd next = next_end(facts);
  if (next == LegEnd::write_fin) {
    state_ = State::half_closed;
    fin_queued_ = leg_.shutdown_send();
    facts.fin_written = true;
    next = next_end(facts);
    if (next == LegEnd::wait) return guide_.on_end_given();
  }
  switch (next) {
    case LegEnd::wait:
    case LegEnd::write_fin:
      break;
    case LegEnd::finish:
      return begin_finish();
    case LegEnd::abort:
      return begin_abort();
    case LegEnd::reset:
      return owner_.on_leg_over(
          CloseMode::reset, {LossReason::program_closed, "the leg was closed by its other end"});
  }
}

void Outlet::on_timer() {
  if (aborting()) return check_abort();
  if (finishing()) return check_finish();
  watch_handing_over();
}

void Outlet::begin_abort() {
  state_ = State::aborting;
  deadline_ = loop_.now() + owner_.abort_linger();
  check_abort();
}

void Outlet::check_abort() {
  const SocketStats stats = leg_.stats();
  // An ended connection takes nothing more, though the kernel may still count queued bytes.
  const bool all_taken =
      stats.unacknowledged_bytes == 0 && guide_.applied() != StreamGuide::Applied::no;
  const bool all_done = stats.over || (all_taken && owner_.all_read());
  if (!all_done && loop_.now() >= deadline_) note_reached(Mark::lingered_in_vain);
  const bool too_late = loop_.now() >= deadline_ && !planted(Plant::linger_without_end);
  if (all_done || too_late || planted(Plant::abort_at_once)) {
    return owner_.on_leg_over(CloseMode::reset, abort_cause());
  }
  loop_.arm(timer_, loop_.now() + kOftenLook);
}

LossCause Outlet::abort_cause() const {
  if (corrupt_) return *corrupt_;
  return {LossReason::target_stuck, owner_.attached()
                                        ? "aborted by the other side: status and log there say why"
                                        : "the session ended"};
}

// Both ends are clean. The leg stays open until the target's TCP has acknowledged all, because only
// then are the bytes delivered. If the target is gone, TCP's own timers end the leg.
void Outlet::begin_finish() {
  state_ = State::finishing;
  closing_since_ = loop_.now();
  check_finish();
}

void Outlet::check_finish() {
  const SocketStats stats = leg_.stats();
  if (queued_bytes(stats) == 0) return owner_.on_leg_over(CloseMode::graceful, {});
  if (stats.over) {
    note_reached(Mark::target_breaks_at_the_end);
    return owner_.on_leg_over(
        CloseMode::reset,
        {LossReason::program_closed, "the target broke the connection before it had all"});
  }
  // After the session nobody is left to be told: the kernel delivers the rest alone.
  const TimePoint now = loop_.now();
  if (owner_.attached()) {
    deadline_ = now + owner_.abort_linger();
  } else if (now >= deadline_) {
    return owner_.on_leg_over(CloseMode::graceful, {});
  }
  loop_.arm(timer_, now + (now - closing_since_ < kOftenFor ? kOftenLook : kSeldomLook));
}

// Without this a hanging target would keep its memory and its route for ever. A slow target gets
// all the time it needs.
void Outlet::watch_handing_over() {
  if (!leg_.open() || aborting() || finishing()) return;
  const std::uint64_t taken = leg_.stats().acknowledged_bytes;
  if (taken != taken_seen_bytes_ || taken_at_ == TimePoint{}) taken_at_ = loop_.now();
  taken_seen_bytes_ = taken;
  if (loop_.now() - taken_at_ >= owner_.abort_linger()) {
    note_reached(Mark::target_stuck);
    return owner_.on_leg_over(
        CloseMode::reset,
        {LossReason::target_stuck,
         format("{}, and the target takes nothing more",
                owner_.attached() ? "its group was taken over" : "the session ended")});
  }
  loop_.arm(timer_, loop_.now() + kSeldomLook);
}

void Outlet::settle(CloseMode mode) {
  report_delivered(queued_bytes());
  if (mode == CloseMode::reset) note_last_delivered();
}

// Bytes that the leg has not acknowledged by now will never be delivered.
void Outlet::note_last_delivered() {
  if (delivered_last_) return;
  const std::uint64_t queued = queued_bytes();
  report_delivered(queued);
  delivered_last_ = delivered_offset(queued);
}

}  // namespace longthrow
