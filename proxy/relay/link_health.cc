// SPDX-License-Identifier: Apache-2.0
// Can the copies be trusted? Judged route by route: a group is as good as its worst route.
#include <algorithm>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"
#include "proxy/relay/link.h"

namespace longthrow {

void Link::note_end(const Channel& channel, const Lost& lost, ChannelEnd::How how,
                    const LossCause& cause) {
  const bool taken =
      how == ChannelEnd::How::cut && (fenced_ || fenced_groups_.contains(channel.group()));
  const ChannelEnd::How ended = taken ? ChannelEnd::How::taken : how;
  tell_loss(channel, lost, ended, cause);
  if (planted(Plant::forget_losses)) return;
  const bool carried = channel.read_bytes() > 0 || channel.core().in.contiguous_offset() > 0 ||
                       lost.bytes > 0;  // those that were never read
  const auto port = ports_.find(channel.route());
  if (!carried || port == ports_.end()) return;
  port->second.health.on_end(
      {.how = ended,
       .lost_bytes = lost.bytes,
       .to_peer_bytes = lost.place == LossPlace::to_peer ? lost.bytes : 0,
       .oldest_at = undelivered_since(channel),
       .newest_serial = channel.closed() ? channel.newest_serial_at_end : next_serial_ - 1,
       .reason = cause.text});
}

// What had arrived and the target did not take, as far as it was not noted before: when the target
// breaks, though its leg is read to its end, and again when the leg is closed.
std::uint64_t Link::note_untaken(Channel& channel, ChannelEnd::How how, const LossCause& cause) {
  const std::uint64_t lost_bytes = channel.lost_bytes() - channel.lost_bytes_noted;
  channel.lost_bytes_noted += lost_bytes;
  totals_.abort_lost_bytes += lost_bytes;
  if (lost_bytes > 0)
    note_end(channel, {.bytes = lost_bytes, .place = LossPlace::undelivered}, how, cause);
  return lost_bytes;
}

// When the leg is closed, and again when the channel is forgotten: until then more of the peer's
// bytes may have come for nothing.
void Link::note_channel_end(Channel& channel, ChannelMoment moment) {
  const ChannelEnd::How how = channel.how_it_ended();
  const bool whole = how == ChannelEnd::How::in_order && channel.lost_bytes() == 0 &&
                     channel.attached() && channel.unproven_bytes() == 0;
  if (moment == ChannelMoment::gone && whole &&
      channel.read_bytes() + channel.core().in.consumed_offset() > 0) {
    if (const auto port = ports_.find(channel.route()); port != ports_.end())
      port->second.health.on_whole_channel(channel.serial);
  }
  if (note_untaken(channel, how, channel.end_cause()) == 0 && moment == ChannelMoment::closed)
    note_end(channel, {.place = LossPlace::undelivered}, how, channel.end_cause());
  if (channel.attached() && channel.core().out.stopped)
    note_unproven(channel, how, channel.end_cause());
  note_late_loss(channel, moment);
}

// What of the leg's bytes was not delivered when nothing more can be: noted once for each channel.
void Link::note_unproven(Channel& channel, ChannelEnd::How how, const LossCause& cause) {
  const std::uint64_t bytes = channel.unproven_bytes();
  if (channel.loss_noted || (bytes == 0 && channel.closed())) return;
  channel.loss_noted = true;
  channel.loss_cause = cause;
  channel.late_bytes_told = channel.thrown_away_bytes() + channel.unread_bytes();
  note_short(channel, bytes, cause.text);
  note_end(channel, {.bytes = bytes, .perhaps_delivered_bytes = sent_undelivered(channel)}, how,
           cause);
}

void Link::note_carried(const Channel& channel) {
  context_.losses.note_carried();
  if (const auto port = ports_.find(channel.route()); port != ports_.end())
    port->second.health.on_carried();
}

void Link::observe_health() {
  std::map<std::string, std::vector<RouteHealth::OpenChannel>> open;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached() || channel->closed()) continue;
    const OutStream& out = channel->core().out;
    const std::uint64_t taken = channel->read_bytes() + channel->looked().unread_bytes;
    const std::uint64_t lag =
        out.stopped ? given_in_vain(*channel) : taken - std::min(taken, out.received_offset());
    open[channel->route()].push_back(
        {.serial = serial,
         .carried_bytes = channel->read_bytes() + channel->core().in.consumed_offset(),
         .waiting_bytes = lag + channel->looked().undelivered_bytes});
  }
  for (const auto& [route, its_channels] : open) {
    if (const auto port = ports_.find(route); port != ports_.end())
      port->second.health.observe(its_channels);
  }
}

void Link::abort_channels_of(const std::string& route, const LossCause& cause) {
  std::vector<Channel*> open;
  for (const auto& [serial, channel] : channels_) {
    if (channel->route() == route && channel->attached() && !channel->closed())
      open.push_back(channel.get());
  }
  for (Channel* channel : open) channel->abort(cause);
}

std::string Link::route_trouble(const RoutePort& port) const {
  const auto open = std::ranges::count_if(channels_, [&](const auto& entry) {
    const Channel& channel = *entry.second;
    return channel.route() == port.name && channel.attached() && !channel.closed();
  });
  std::string trouble = port.health.trouble(port.config.protocol, static_cast<std::size_t>(open));
  if (!trouble.empty()) return trouble;
  if (session_ != nullptr && port.health.carried()) {
    const RouteStanding standing = session_->standing(port.name);
    if (standing.known && !standing.matched)
      return format("nothing is being replicated: {}", standing.reason);
  }
  return disk_trouble(port);
}

// A DRBD that carries and does not tell of its disks, or not in words that are known here.
std::string Link::unreadable_disks(const RoutePort& port) const {
  if (port.config.protocol != RouteProtocol::drbd || !port.health.carried()) return {};
  const drbd::DisksByVolume disks = disks_of(port);
  if (disks.empty()) return "what DRBD says of its disks cannot be read, or it has not said it yet";
  for (const auto& [volume, each] : disks) {
    const bool here = each.here == drbd::DiskState::unknown;
    if (here || each.peer == drbd::DiskState::unknown) {
      return format("DRBD has not said yet how {} disk of volume {} is",
                    here ? "the local" : "the peer's", volume);
    }
  }
  return {};
}

void Link::judge_group(const std::string& name, GroupStatus& group) const {
  std::string unknown;
  for (const auto& entry : ports_) {
    const RoutePort& port = entry.second;
    if (port.config.group != name) continue;
    const auto add = [&](std::string& to, const std::string& reason) {
      if (reason.empty()) return;
      to += format("{}route {}: {}", to.empty() ? "" : "; ", port.name, reason);
    };
    add(group.reason, route_trouble(port));
    add(unknown, unreadable_disks(port));
  }
  const auto fate = fates_.find(name);
  if (unknown.empty() && fate != fates_.end() && fate->second.restored) {
    unknown =
        "no connection has come since this node was started: what was lost before is not known";
  }
  if (!group.reason.empty()) {
    group.consistent = Consistency::no;
  } else if (!unknown.empty()) {
    group.consistent = Consistency::unknown;
    group.reason = unknown;
  }
}

}  // namespace longthrow
