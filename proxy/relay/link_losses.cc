// SPDX-License-Identifier: Apache-2.0
// What is destroyed, and why: every loss of a link's connections passes here on its way into the
// node's ledger.
#include <algorithm>

#include "proxy/base/foreign_text.h"
#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {

void Link::tell_loss(const Channel& channel, const Lost& lost, ChannelEnd::How how,
                     const LossCause& cause) {
  if (lost.bytes == 0) return;
  const bool to_peer = lost.place == LossPlace::to_peer;
  const bool by_us = how == ChannelEnd::How::cut || how == ChannelEnd::How::taken;
  const bool by_peer = to_peer && channel.attached() && channel.core().out.stopped && !by_us;
  Loss loss{.link = name_,
            .group = channel.group(),
            .route = channel.route(),
            .place = lost.place,
            .reason = by_peer ? LossReason::peer_program_closed : cause.reason,
            .weight = weigh_loss(how, lost.bytes, to_peer ? lost.bytes : 0),
            .channels = 1,
            .bytes = lost.bytes,
            .perhaps_delivered_bytes = lost.perhaps_delivered_bytes,
            .text = by_peer ? kPeerTakesNoMore : cause.text};
  if (to_peer) {
    loss.oldest_s = std::chrono::duration<double>(loop_.now() - undelivered_since(channel)).count();
  }
  context_.losses.note(std::move(loss));
}

// What was not known when the loss was noted: bytes that the program went on giving until its leg
// was closed; and those of which the peer never said what became of them.
void Link::note_late_loss(Channel& channel, ChannelMoment moment) {
  if (channel.loss_noted) {
    const std::uint64_t told = std::min(channel.late_bytes_told, channel.thrown_away_bytes());
    const std::uint64_t late = channel.thrown_away_bytes() - told;
    channel.late_bytes_told += late;
    if (late == 0) return;
    note_short(channel, channel.short_bytes_told + late, channel.loss_cause.text);
    note_end(channel, {.bytes = late}, ChannelEnd::How::cut, channel.loss_cause);
    return;
  }
  if (moment != ChannelMoment::gone || !channel.attached() || channel.unproven_bytes() == 0) return;
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

// Of what is not known to be delivered, the peer may have had all that was sent.
std::uint64_t Link::sent_undelivered(const Channel& channel) {
  const OutStream& out = channel.core().out;
  if (out.stopped) return 0;
  return out.sent_offset() - std::min(out.sent_offset(), out.delivered_offset);
}

// Of a channel whose bytes the peer takes no more: once its leg is closed, they are told as a loss.
std::uint64_t Link::given_in_vain(const Channel& channel) {
  return channel.loss_noted ? 0 : channel.unproven_bytes();
}

// Bytes of a connection that the peer has opened, and nobody here has seen it yet.
void Link::note_without_leg(const ChannelCore& core, const LossCause& cause) {
  context_.losses.note({.link = name_,
                        .group = core.group->name,
                        .route = session_->route_name(core.route_id),
                        .place = LossPlace::undelivered,
                        .reason = cause.reason,
                        .channels = 1,
                        .bytes = core.in.contiguous_offset(),
                        .text = cause.text});
}

// Since when the oldest byte that is not known to be delivered was there is known to a tick.
TimePoint Link::undelivered_since(const Channel& channel) const {
  const TimePoint now = loop_.now();
  return std::min(now, channel.given_at(channel.core().out.delivered_offset).value_or(now));
}

}  // namespace longthrow
