// SPDX-License-Identifier: Apache-2.0
// What channels report to the rest of the link.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"
#include "proxy/relay/channels.h"

namespace longthrow {

void Channels::look() {
  for (const auto& [serial, channel] : channels_) {
    channel->look();
    ends_.count_peer_delivered(*channel);
  }
  if (awaits_marks_) reap_soon();
}

bool Channels::reading_allowed(const Channel& channel) const {
  if (peer_.session() == nullptr) return false;
  const bool stops = stops_.stopping() || channel.group().held();
  return !stops || channel.unread_before_stop() > 0;
}

bool Channels::in_outage() const {
  const bool down = !peer_.uplink().up() || planted(Plant::ping_answered_in_peace);
  const bool outage = down && peer_.session() != nullptr;
  return outage && !stops_.fenced() && !stops_.stopping();
}

void Channels::channel_read(Channel& channel, std::uint64_t bytes) {
  counts_.read_bytes += bytes;
  if (channel.read_bytes() == bytes) note_carried(channel);
  hooks_.read(channel);
}

void Channels::channel_written(Channel& channel, std::uint64_t bytes) {
  peer_.session()->handed_over(channel.core(), bytes);
  if (bytes > 0 && channel.core().in.consumed_offset() == bytes) note_carried(channel);
  hooks_.wake();
}

// Called when the first bytes of a channel have come, from its leg or from the peer.
void Channels::note_carried(const Channel& channel) {
  context_.losses.note_carried();
  if (channel.route().configured()) channel.route().health.on_carried();
}

void Channels::channel_delivered(Channel& channel, std::uint64_t offset) {
  counts_.delivered_bytes += offset - std::exchange(channel.account.delivered_counted, offset);
  if (channel.attached()) peer_.session()->delivered(channel.core(), offset);
}

void Channels::channel_is_express(Channel& channel) {
  if (channel.core().express) return;
  peer_.session()->make_express(channel.core());
  log_debug("route {}: channel {}: sent ahead of all data", channel.route().name,
            channel.core().id);
}

// --- ends

void Channels::channel_end(Channel& channel, EndKind kind) {
  peer_.session()->push_end(channel.core(), kind,
                            std::min(wall_ns(), channel.core().group->frames_as_of_max_ns));
  note_ended(channel);
  hooks_.wake();
}

// Other channels are told in the next turn of the loop, so that none of them ends, and nothing is
// destroyed, in the middle of a step of this one.
void Channels::reap_soon() {
  if (!reap_timer_.armed()) loop_.arm(reap_timer_, loop_.now());
}

void Channels::note_ended(Channel& channel) {
  if (!channel.has_ended() || !channel.guide().concerns_others()) return;
  ended_.push_back(&channel);
  reap_soon();
}

void Channels::channel_stop(Channel& channel) {
  if (!channel.closed()) {
    using enum ChannelEnd::How;
    (void)ends_.note_untaken(
        channel, channel.breaks_in_the_midst() ? broken : aborted,
        {LossReason::program_closed, "the program here takes no more: its connection broke"});
  }
  peer_.session()->stop(channel.core());
  hooks_.wake();
}

void Channels::on_stopped(Channel& channel) {
  ends_.note_over(channel, ChannelEnds::kPeerTakesNoMore);
  channel.on_stopped();
  if (channel.closed()) ends_.note_unproven(channel, channel.how_it_ended(), channel.end_cause());
}

void Channels::channel_closed(Channel& channel) {
  closing_.push_back(&channel);
  channel.tell_when_idle(*this);
  note_ended(channel);
  ends_.note_closed(channel);
  if (channel.was_aborted()) note_abort(channel);
}

void Channels::note_abort(const Channel& channel) {
  ++counts_.aborted_channels;
  Route& route = channel.route();
  if (!route.configured()) return;
  if (channel.end_cause().text != route.trouble.text) {
    log_.say(loop_.now(), LogLevel::info,
             format("channel of {}: {}", route.name, channel.end_cause().text),
             format("route {}: channel {}: {}", route.name, channel.core().id,
                    channel.end_cause().text));
  }
  route.trouble = {channel.end_cause().text, ends_.newest_serial()};
}

}  // namespace longthrow
