// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/link_numbers.h"

#include <algorithm>

#include "proxy/base/planted.h"

namespace longthrow {
namespace {

// The oldest of some moments.
class Oldest {
 public:
  void note(std::optional<TimePoint> at) {
    if (at) at_ = std::min(at_.value_or(*at), *at);
  }
  [[nodiscard]] std::optional<TimePoint> at() const { return at_; }

 private:
  std::optional<TimePoint> at_;
};

// Adds the lag of one attached channel whose bytes the peer takes.
void add_lag(const Channel& channel, TimePoint now, Lag& lag, Oldest& oldest) {
  const OutStream& out = channel.core().out;
  // The program has given bytes that are thrown away, too. They count here until they are noted as
  // a loss, which the route then counts.
  const std::uint64_t thrown = channel.account.loss_noted ? 0 : channel.thrown_away_bytes();
  const std::uint64_t unread = channel.unread_bytes();
  // What the peer has of an epoch that is not whole there cannot be used.
  const std::uint64_t usable = planted(Plant::lag_without_epochs)
                                   ? out.received_offset()
                                   : channel.core().group->out_epochs.usable_offset(
                                         channel.core().id, out.received_offset());
  const std::uint64_t bytes = channel.read_bytes() + unread + thrown - usable;
  if (bytes == 0) return;
  lag.bytes += bytes;
  if (usable < out.received_offset()) oldest.note(channel.given_at(usable).value_or(now));
  oldest.note(out.oldest_read_at());
  oldest.note(channel.stream().oldest_at());
  if (unread + thrown == 0) return;
  // Unread bytes wait, too. The time since when is exact to a tick.
  oldest.note(channel.given_at(channel.read_bytes()).value_or(now));
}

}  // namespace

LinkNumbers::LinkNumbers(const Channels::Parts& parts, const Channels& channels, const Doors& doors)
    : loop_(parts.context.parts.loop),
      workers_(std::max(1, parts.context.parts.workers.threads())),
      stops_(parts.stops),
      buffer_(parts.buffer),
      routes_(parts.routes),
      peer_(parts.peer),
      ends_(parts.ends),
      channels_(channels),
      doors_(doors) {}

void LinkNumbers::update(TimePoint now, Duration interval) {
  const FrameMaker& frames = buffer_.ingest().frames();
  rates_.update(interval, {.raw_in_bytes = channels_.counts().read_bytes,
                           .frame_bytes_out = peer_.sender().sent_bytes(),
                           .framed_raw_bytes = frames.made().raw_bytes,
                           .framed_stored_bytes = frames.made().payload_bytes});
  update_compression(now, interval);
  forget_shortfalls();
  if (const LinkState state = peer_.state(); state != last_state_) {
    last_state_ = state;
    state_since_ = loop_.wall_now();
  }
}

void LinkNumbers::update_compression(TimePoint now, Duration interval) {
  FrameMaker& frames = buffer_.ingest().frames();
  std::uint64_t waiting = 0;
  std::uint64_t backlog = 0;
  for (const auto& [serial, channel] : channels_.all()) {
    waiting += channel->stream().unframed_bytes();
    if (channel->attached()) backlog += channel->core().out.waiting_raw_bytes();
  }
  const double busy = seconds_of(frames.take_cpu_time()) / (seconds_of(interval) * workers_);
  frames.compression().on_interval(
      now, {.interval = std::max(interval, Duration(1)),
            .raw_in_bytes = rates_.last().raw_in_bytes,
            .raw_waiting_bytes = waiting,
            .busy = std::clamp(busy, 0.0, 1.0),
            .wire_backlog_bytes = static_cast<std::uint64_t>(static_cast<double>(backlog) /
                                                             rates_.ratio().value_or(1.0)),
            .wire_out_bytes = rates_.last().frame_bytes_out,
            .workers = workers_});
}

// A newer channel has caught up: what the group lacked is made good.
void LinkNumbers::forget_shortfalls() {
  if (peer_.session() == nullptr || planted(Plant::shortfall_stays)) return;
  for (const auto& [name, group] : routes_.groups().all()) {
    if (group->shortfall.bytes == 0) continue;
    const bool is_followed = std::ranges::any_of(group->members, [&](const auto& entry) {
      const auto& [serial, channel] = entry;
      return channel->attached() && !channel->closed() && serial > group->shortfall.serial;
    });
    if (is_followed && lag(group.get()).bytes == 0) group->shortfall.bytes = 0;
  }
}

std::uint64_t LinkNumbers::undelivered_bytes() const {
  std::uint64_t left = 0;
  for (const auto& [serial, channel] : channels_.all()) {
    left += channel->undelivered_bytes();
    if (!channel->attached() || channel->core().out.stopped) continue;
    left += channel->read_bytes() -
            std::min(channel->read_bytes(), channel->core().out.delivered_offset) +
            channel->unread_before_stop();
  }
  return left;
}

LinkNumbers::Flow LinkNumbers::flow_of(const Group& group) {
  Flow flow;
  for (const auto& [serial, channel] : group.members) {
    if (!channel->attached() || channel->account.over) continue;
    if (channel->guide().carries() == StreamGuide::Carries::control) continue;
    const std::uint64_t accepted = channel->read_bytes() + channel->unread_bytes();
    const auto changes = channel->guide().changes();
    flow.given += changes ? changes->given_bytes : accepted;
    flow.got += changes ? changes->handed_bytes : channel->core().in.contiguous_offset();
    flow.undelivered += accepted - std::min(accepted, channel->core().out.delivered_offset);
  }
  return flow;
}

Lag LinkNumbers::lag(const Group* group) const {
  Lag lag;
  Oldest oldest;
  const TimePoint now = loop_.now();
  const auto add = [&](const Channel& channel) {
    if (!channel.attached()) return;
    if (!channel.core().out.stopped) return add_lag(channel, now, lag, oldest);
    const std::uint64_t in_vain = ChannelEnds::given_in_vain(channel);
    lag.bytes += in_vain;
    if (in_vain > 0) oldest.note(ends_.undelivered_since(channel));
  };
  if (group != nullptr) {
    for (const auto& [serial, channel] : group->members) add(*channel);
  } else {
    for (const auto& [serial, channel] : channels_.all()) add(*channel);
  }
  for (const Route* route : routes_.configured()) {
    if (group != nullptr && route->group != group) continue;
    const RouteHealth::Lacking lacking = route->health.lacking();
    lag.bytes += lacking.bytes;
    if (lacking.bytes > 0) oldest.note(lacking.oldest_at);
    const WaitingLegs::Unread unread = doors_.waiting().unread(route->name);
    lag.bytes += unread.bytes;
    oldest.note(unread.oldest_at);
  }
  if (oldest.at()) lag.seconds = seconds_of(now - *oldest.at());
  return lag;
}

Limit LinkNumbers::limited_by() const {
  if (stops_.paused() || stops_.peer_paused()) return Limit::paused;
  if (!peer_.up()) return Limit::down;
  const Session& session = *peer_.session();
  if (session.blocked_by_credit()) return Limit::peer_disk;
  if (session.bulk_frames_wait()) {
    const bool throttled =
        peer_.sender().bandwidth().rate_bytes_s() != 0 && peer_.uplink().lanes().bulk_has_room();
    return throttled ? Limit::bandwidth : Limit::wan;
  }
  // No frame waits to be sent, yet the share is full: of frames that are sent and not acknowledged.
  if (buffer_.ingest().share().full() && session.in_flight_frames() > 0) return Limit::wan;
  if (buffer_.ingest().frames().is_short_of_workers()) return Limit::cpu;
  return Limit::source;
}

HoleWatch::Waiting LinkNumbers::waiting_for_peer() const {
  const bool any = std::ranges::any_of(channels_.all(), [](const auto& entry) {
    const Channel& channel = *entry.second;
    return channel.attached() && channel.core().out.stored_raw_bytes() > 0;
  });
  return any ? HoleWatch::Waiting::bytes : HoleWatch::Waiting::nothing;
}

}  // namespace longthrow
