// SPDX-License-Identifier: Apache-2.0
// What a link counts and reckons: rates, what is not delivered, lag, and what limits it.
#include <algorithm>

#include "proxy/relay/link.h"

namespace longthrow {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::uint64_t Link::undelivered_bytes() const {
  std::uint64_t left = 0;
  for (const auto& [serial, channel] : channels_) {
    left += channel->undelivered_bytes();
    if (!channel->attached() || channel->core().out.stopped) continue;
    left += channel->read_bytes() -
            std::min(channel->read_bytes(), channel->core().out.delivered_offset) +
            channel->unread_before_stop();
  }
  return left;
}

std::optional<double> Link::rtt_ms() const {
  if (session_ == nullptr || !session_->rtt()) return std::nullopt;
  return seconds(*session_->rtt()) * 1000;
}

void Link::ping(std::function<void(std::optional<double>)> done) {
  if (!up()) {
    done(std::nullopt);
    return;
  }
  pings_.push_back(std::move(done));
  ask_peer();
}

void Link::update_rates(TimePoint now, Duration interval) {
  FrameMaker& frames = ingest_->frames();
  rates_.update(interval, {.raw_in_bytes = totals_.raw_in_bytes,
                           .frame_bytes_out = sender_.sent_bytes(),
                           .framed_raw_bytes = frames.made().raw_bytes,
                           .framed_stored_bytes = frames.made().payload_bytes});
  std::uint64_t waiting = 0;
  std::uint64_t backlog = 0;
  for (const auto& [serial, channel] : channels_) {
    waiting += channel->stream().unframed_bytes();
    if (channel->attached()) backlog += channel->core().out.waiting_raw_bytes();
  }
  const int workers = std::max(1, context_.parts.workers.threads());
  const double busy = seconds(frames.take_cpu_time()) / (seconds(interval) * workers);
  frames.compression().on_interval(
      now, {.interval = std::max(interval, Duration(1)),
            .raw_in_bytes = rates_.last().raw_in_bytes,
            .raw_waiting_bytes = waiting,
            .busy = std::clamp(busy, 0.0, 1.0),
            .wire_backlog_bytes = static_cast<std::uint64_t>(static_cast<double>(backlog) /
                                                             rates_.ratio().value_or(1.0)),
            .wire_out_bytes = rates_.last().frame_bytes_out,
            .workers = workers});
}

void Link::update_groups() {
  if (session_ == nullptr) return;
  note_copies();
  for (auto& [group, state] : session_->groups()) state.unframed = false;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached()) continue;
    GroupState& group = *channel->core().group;
    if (channel->stream().unframed_bytes() > 0 || channel->looked().unread_bytes > 0)
      group.unframed = true;
  }
  for (auto& [name, fate] : fates_) {
    if (fate.short_bytes == 0) continue;
    const bool is_followed = std::ranges::any_of(channels_, [&](const auto& entry) {
      const auto& [serial, channel] = entry;
      return channel->attached() && !channel->closed() && channel->group() == name &&
             serial > fate.short_serial;
    });
    if (is_followed && lag(name).bytes == 0) fate.short_bytes = 0;
  }
  observe_health();
}

// What the peer lacks. What was lost counts until newer data of its route is there.
Lag Link::lag(const std::string& group) const {
  Lag lag;
  std::optional<TimePoint> oldest;
  const auto note = [&](std::optional<TimePoint> at) {
    if (at) oldest = std::min(oldest.value_or(*at), *at);
  };
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached() || (!group.empty() && channel->group() != group)) continue;
    const OutStream& out = channel->core().out;
    if (out.stopped) {
      const std::uint64_t in_vain = given_in_vain(*channel);
      lag.bytes += in_vain;
      if (in_vain > 0) note(undelivered_since(*channel));
      continue;
    }
    // What is thrown away was given, too, until it is told as a loss of its route.
    const std::uint64_t thrown = channel->loss_noted ? 0 : channel->thrown_away_bytes();
    const std::uint64_t unread = channel->unread_bytes();
    const std::uint64_t bytes = channel->read_bytes() + unread + thrown - out.received_offset();
    if (bytes == 0) continue;
    lag.bytes += bytes;
    note(out.oldest_read_at());
    note(channel->stream().oldest_at());
    if (unread + thrown == 0) continue;
    // A leg that is not read waits, too; since when is known to a tick.
    note(channel->given_at(channel->read_bytes()).value_or(loop_.now()));
  }
  for (const auto& [route, port] : ports_) {
    if (!group.empty() && port.config.group != group) continue;
    const RouteHealth::Lacking lacking = port.health.lacking();
    lag.bytes += lacking.bytes;
    if (lacking.bytes > 0) note(lacking.oldest_at);
    const WaitingLegs::Unread unread = waiting_.unread(route);
    lag.bytes += unread.bytes;
    note(unread.oldest_at);
  }
  if (oldest) lag.seconds = seconds(loop_.now() - *oldest);
  return lag;
}

std::string Link::limited_by() const {
  if (paused() || peer_paused_) return "paused";
  if (!up()) return "down";
  if (session_->blocked_by_credit()) return "peer_disk";
  if (session_->bulk_frames_wait()) {
    const bool throttled = sender_.bandwidth_bytes_s() != 0 && uplink_.lanes().bulk_has_room();
    return throttled ? "bandwidth" : "wan";
  }
  // Nothing waits to be sent, yet the share is spent: by what is under way and not acknowledged.
  if (ingest_->share().full() && session_->in_flight_frames() > 0) return "wan";
  if (ingest_->frames().is_short_of_workers()) return "cpu";
  return "source";
}

}  // namespace longthrow
