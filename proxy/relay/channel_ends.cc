// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/channel_ends.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {
namespace {

// Of the bytes that are not known to be delivered, the peer may have delivered those that were
// sent.
std::uint64_t sent_undelivered(const Channel& channel) {
  const OutStream& out = channel.core().out;
  if (out.stopped) return 0;
  return out.sent_offset() - std::min(out.sent_offset(), out.delivered_offset);
}

}  // namespace

// --- one end

void ChannelEnds::note_end(const Channel& channel, const Lost& lost, ChannelEnd::How how,
                           const LossCause& cause) {
  const bool taken = how == ChannelEnd::How::cut && stops_.fenced(channel.group());
  const ChannelEnd::How ended = taken ? ChannelEnd::How::taken : how;
  tell(channel, lost, ended, cause);
  if (planted(Plant::forget_losses)) return;
  const bool carried = channel.read_bytes() > 0 || channel.core().in.contiguous_offset() > 0 ||
                       lost.bytes > 0;  // the lost bytes may never have been read
  Route& route = channel.route();
  if (!carried || !route.configured()) return;
  route.health.on_end(
      {.how = ended,
       .lost_bytes = lost.bytes,
       .to_peer_bytes = lost.place == LossPlace::to_peer ? lost.bytes : 0,
       .oldest_at = undelivered_since(channel),
       .newest_serial = channel.closed() ? channel.account.newest_serial_at_end : newest_serial_,
       .reason = cause.text});
}

void ChannelEnds::tell(const Channel& channel, const Lost& lost, ChannelEnd::How how,
                       const LossCause& cause) {
  if (lost.bytes == 0) return;
  const bool to_peer = lost.place == LossPlace::to_peer;
  const bool by_us = how == ChannelEnd::How::cut || how == ChannelEnd::How::taken;
  const bool by_peer = to_peer && channel.attached() && channel.core().out.stopped && !by_us;
  Loss loss{.link = link_,
            .group = channel.group().name,
            .route = channel.route().name,
            .place = lost.place,
            .reason = by_peer ? LossReason::peer_program_closed : cause.reason,
            .weight = weigh_loss(how, lost.bytes, to_peer ? lost.bytes : 0),
            .channels = 1,
            .bytes = lost.bytes,
            .perhaps_delivered_bytes = lost.perhaps_delivered_bytes,
            .text = by_peer ? kPeerTakesNoMore : cause.text};
  if (to_peer) loss.oldest_s = seconds_of(loop_.now() - undelivered_since(channel));
  ledger_.note(std::move(loss));
}

TimePoint ChannelEnds::undelivered_since(const Channel& channel) const {
  const TimePoint now = loop_.now();
  return std::min(now, channel.given_at(channel.core().out.delivered_offset).value_or(now));
}

// --- the target's side

std::uint64_t ChannelEnds::note_untaken(Channel& channel, ChannelEnd::How how,
                                        const LossCause& cause) {
  const std::uint64_t lost_bytes = channel.lost_bytes() - channel.account.lost_bytes_told;
  if (!planted(Plant::loss_told_twice)) channel.account.lost_bytes_told += lost_bytes;
  untaken_bytes_ += lost_bytes;
  if (lost_bytes > 0)
    note_end(channel, {.bytes = lost_bytes, .place = LossPlace::undelivered}, how, cause);
  return lost_bytes;
}

// --- the source's side

void ChannelEnds::note_unproven(Channel& channel, ChannelEnd::How how, const LossCause& cause) {
  const std::uint64_t bytes = channel.unproven_bytes();
  if (channel.account.loss_noted || (bytes == 0 && channel.closed())) return;
  channel.account.loss_noted = true;
  channel.account.loss_cause = cause;
  channel.account.late_bytes_told = channel.thrown_away_bytes() + channel.unread_bytes();
  note_short(channel, bytes, cause.text);
  note_end(channel, {.bytes = bytes, .perhaps_delivered_bytes = sent_undelivered(channel)}, how,
           cause);
}

void ChannelEnds::note_over(Channel& channel, const std::string& reason) {
  count_peer_delivered(channel);
  if (channel.account.over || !channel.attached()) return;
  channel.account.over = true;
  drains_.on_over(channel, reason);
  note_short(channel, channel.unproven_bytes(), reason);
}

void ChannelEnds::count_peer_delivered(Channel& channel) {
  if (!channel.attached()) return;
  const std::uint64_t offset = channel.core().out.delivered_offset;
  peer_delivered_bytes_ += offset - std::exchange(channel.account.peer_delivered_counted, offset);
}

// `channel` has given `bytes` in vain; those that were told before count in this sum.
void ChannelEnds::note_short(Channel& channel, std::uint64_t bytes, const std::string& reason) {
  if (bytes <= channel.account.short_bytes_told) return;
  add_shortfall(channel.group(), bytes - std::exchange(channel.account.short_bytes_told, bytes),
                format("route {}: {}", channel.route().name, reason));
}

void ChannelEnds::add_shortfall(Group& group, std::uint64_t bytes,
                                const std::string& reason) const {
  group.shortfall.bytes += bytes;
  group.shortfall.reason = reason;
  group.shortfall.serial = newest_serial_;
}

void ChannelEnds::note_waiting(Route& route, const WaitingLegs::Unread& lost,
                               const LossCause& cause) {
  if (lost.bytes == 0) return;
  const bool taken = cause.reason == LossReason::takeover;
  const ChannelEnd::How how = taken ? ChannelEnd::How::taken : ChannelEnd::How::aborted;
  const TimePoint now = loop_.now();
  const TimePoint oldest_at = lost.oldest_at.value_or(now);
  ledger_.note({.link = link_,
                .group = route.group->name,
                .route = route.name,
                .place = LossPlace::to_peer,
                .reason = cause.reason,
                .weight = weigh_loss(how, lost.bytes, lost.bytes),
                .channels = lost.legs,
                .bytes = lost.bytes,
                .oldest_s = seconds_of(now - oldest_at),
                .text = cause.text});
  route.health.on_end({.how = how,
                       .lost_bytes = lost.bytes,
                       .to_peer_bytes = lost.bytes,
                       .oldest_at = oldest_at,
                       .newest_serial = newest_serial_,
                       .reason = cause.text});
  const std::string reason = format("route {}: {}", route.name, cause.text);
  drains_.on_lost(*route.group, lost.bytes, reason);
  add_shortfall(*route.group, lost.bytes, reason);
}

// --- both

void ChannelEnds::note_closed(Channel& channel) {
  channel.account.newest_serial_at_end = newest_serial_;
  const ChannelEnd::How how = channel.how_it_ended();
  if (note_untaken(channel, how, channel.end_cause()) == 0)
    note_end(channel, {.place = LossPlace::undelivered}, how, channel.end_cause());
  if (channel.attached() && channel.core().out.stopped)
    note_unproven(channel, how, channel.end_cause());
  note_thrown_away(channel);
  note_partial_epoch(channel);
  if (!stops_.fenced(channel.group())) return;
  channel.group().taken_lost_bytes += channel.untaken_bytes();
  channel.group().taken_left_out_bytes += channel.left_out_bytes();
}

// The copy ends at the last epoch that is whole, so the rest is no hole in it.
void ChannelEnds::note_partial_epoch(const Channel& channel) {
  const std::uint64_t bytes = channel.core().in.held_back_bytes();
  if (bytes == 0) return;
  note_reached(Mark::partial_epoch_dropped);
  tell(channel, {.bytes = bytes, .place = LossPlace::undelivered}, ChannelEnd::How::cut,
       {LossReason::partial_epoch, "of an epoch of its group that was not whole here"});
}

void ChannelEnds::note_gone(Channel& channel) {
  note_over(channel, "the peer did not say that its target has acknowledged the last bytes");
  const ChannelEnd::How how = channel.how_it_ended();
  const bool whole = how == ChannelEnd::How::in_order && channel.lost_bytes() == 0 &&
                     channel.attached() && channel.unproven_bytes() == 0;
  if (whole && channel.route().configured() &&
      channel.read_bytes() + channel.core().in.consumed_offset() > 0)
    channel.route().health.on_whole_channel(channel.serial);
  (void)note_untaken(channel, how, channel.end_cause());
  if (channel.attached() && channel.core().out.stopped)
    note_unproven(channel, how, channel.end_cause());
  note_thrown_away(channel);
  note_unconfirmed(channel);
}

// The program may go on giving bytes until its leg is closed, after the loss was noted. Notes
// these.
void ChannelEnds::note_thrown_away(Channel& channel) {
  if (!channel.account.loss_noted) return;
  const std::uint64_t told = std::min(channel.account.late_bytes_told, channel.thrown_away_bytes());
  const std::uint64_t late = channel.thrown_away_bytes() - told;
  channel.account.late_bytes_told += late;
  if (late == 0) return;
  note_reached(Mark::given_after_the_end);
  note_short(channel, channel.account.short_bytes_told + late, channel.account.loss_cause.text);
  note_end(channel, {.bytes = late}, ChannelEnd::How::cut, channel.account.loss_cause);
}

// Notes the last bytes, if the peer never said whether they were delivered.
void ChannelEnds::note_unconfirmed(Channel& channel) {
  if (channel.account.loss_noted || !channel.attached() || channel.unproven_bytes() == 0) return;
  const ChannelEnd::How how = channel.how_it_ended();
  LossCause cause = channel.end_cause();
  if (how != ChannelEnd::How::cut) {
    cause = {LossReason::unconfirmed,
             "the peer did not say whether its target has taken the last bytes"};
  }
  note_end(
      channel,
      {.bytes = channel.unproven_bytes(), .perhaps_delivered_bytes = sent_undelivered(channel)},
      how, cause);
}

void ChannelEnds::note_without_leg(const ChannelCore& core, const std::string& route,
                                   const LossCause& cause) {
  note_reached(Mark::ended_before_its_leg);
  ledger_.note({.link = link_,
                .group = core.group->name,
                .route = route,
                .place = LossPlace::undelivered,
                .reason = cause.reason,
                .channels = 1,
                .bytes = core.in.contiguous_offset(),
                .text = cause.text});
}

}  // namespace longthrow
