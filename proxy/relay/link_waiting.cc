// SPDX-License-Identifier: Apache-2.0
// Connections that come while the link is down: they wait for it, or are refused (when_down).
#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {

bool Link::may_open(const RoutePort& port) const {
  const bool connected = session_ != nullptr && uplink_.up() && session_->connected();
  const bool held = held_groups_.contains(port.config.group) || old_pair_lives(port);
  return connected && !route_shut(port) && !held && session_->standing(port.name).may_open;
}

bool Link::may_wait(const RoutePort& port) const {
  const bool waits =
      port.config.when_down == WhenDown::wait ||
      (port.config.when_down == WhenDown::automatic && port.config.protocol != RouteProtocol::drbd);
  const bool on_purpose = paused() || peer_paused_ || peer_fenced_ || route_shut(port) ||
                          held_groups_.contains(port.config.group);
  if (!port.config.listen || !waits || on_purpose) return false;
  if (session_ == nullptr) return true;
  const RouteStanding standing = session_->standing(port.name);
  return !standing.known || standing.may_open || standing.soon;
}

void Link::accept_leg(RoutePort& port, Socket leg) {
  if (may_open(port)) return open_leg(port, leg, std::nullopt);
  if (!may_wait(port)) return loop_.close(leg, CloseMode::reset);
  const bool waits = waiting_.add(port.name, leg) == WaitingLegs::Place::given;
  const std::string words =
      waits ? "connections that come now wait for the link"
            : format("connections were reset: {} of this route wait for the link already",
                     waiting_.size(port.name));
  if (!waits) note_reason(port, words);
  const std::string about = format("route {}: {}", port.name, waits ? "wait" : "crowded");
  say_gated(LogLevel::info, about, format("route {}: {}", port.name, words));
}

// It stands until a channel that came later is open.
void Link::note_reason(RoutePort& port, const std::string& reason) const {
  port.reason = reason;
  port.reason_serial = next_serial_ - 1;
}

WaitingLegsOwner::Admission Link::on_leg_waited(const std::string& route, Socket leg,
                                                std::optional<TimePoint> said_since) {
  const auto port = ports_.find(route);
  if (port != ports_.end() && may_open(port->second) && session_->may_open_more()) {
    open_leg(port->second, leg, said_since);
    return Admission::taken;
  }
  return Admission::later;
}

void Link::open_leg(RoutePort& port, Socket leg, std::optional<TimePoint> said_since) {
  if (!session_->may_open_more()) return loop_.close(leg, CloseMode::reset);
  Channel& channel = add_channel(session_->open(port.name), port.name, true);
  channel.adopt_leg(leg);
  if (said_since) {
    channel.note_given_since(*said_since);
    std::int64_t& as_of_max_ns = channel.core().group->frames_as_of_max_ns;
    as_of_max_ns = std::min(as_of_max_ns, channel.history.complete_at(0));
    go_on_draining(channel);
  }
  wake();
}

// What they had given is lost like the bytes of every other connection that ends.
void Link::note_waiting_lost(RoutePort& port, const WaitingLegs::Unread& lost,
                             const LossCause& cause) {
  if (lost.bytes == 0) return;
  const bool taken = cause.reason == LossReason::takeover;
  const ChannelEnd::How how = taken ? ChannelEnd::How::taken : ChannelEnd::How::aborted;
  const TimePoint now = loop_.now();
  const TimePoint oldest_at = lost.oldest_at.value_or(now);
  context_.losses.note({.link = name_,
                        .group = port.config.group,
                        .route = port.name,
                        .place = LossPlace::to_peer,
                        .reason = cause.reason,
                        .weight = weigh_loss(how, lost.bytes, lost.bytes),
                        .channels = lost.legs,
                        .bytes = lost.bytes,
                        .oldest_s = std::chrono::duration<double>(now - oldest_at).count(),
                        .text = cause.text});
  port.health.on_end({.how = how,
                      .lost_bytes = lost.bytes,
                      .to_peer_bytes = lost.bytes,
                      .oldest_at = oldest_at,
                      .newest_serial = next_serial_ - 1,
                      .reason = cause.text});
  const std::string reason = format("route {}: {}", port.name, cause.text);
  fail_drains(port.config.group, lost.bytes, reason);
  fail_later_drains(port.config.group, lost.bytes, reason);
}

void Link::drop_waiting(RoutePort& port, const LossCause& cause) {
  const WaitingLegs::Unread lost = waiting_.drop(port.name);
  if (lost.legs == 0) return;
  const std::string about =
      format("connections that waited for the link were reset: {}", cause.text);
  note_waiting_lost(port, lost, {cause.reason, about});
  log_info("route {}: {} {}", port.name, lost.legs, about);
}

LossCause Link::why_none_waits(const RoutePort& port) const {
  using enum LossReason;
  if (stopping_) return {node_stopped, "this node was stopped"};
  if (fenced_ || fenced_groups_.contains(port.config.group)) return {takeover, "takeover"};
  if (held_groups_.contains(port.config.group)) return {refused, "the group is held"};
  if (paused() || peer_paused_) return {refused, "the link is paused"};
  return {refused, "they are no longer to wait"};
}

void Link::look_at_waiting() {
  for (const auto& [route, ended] : waiting_.look()) {
    const auto port = ports_.find(route);
    if (port != ports_.end()) {
      note_waiting_lost(port->second, ended.broken,
                        {LossReason::program_closed,
                         "the program here reset connections that waited for the link"});
    }
    const WaitingLegs::Unread& late = ended.late;
    if (late.legs == 0) continue;
    const std::string about = "connections were reset: in 120 s the link has not come up";
    static_assert(WaitingLegs::kTimeMax == std::chrono::seconds(120));
    if (port != ports_.end()) {
      note_reason(port->second, about);
      note_waiting_lost(port->second, late, {LossReason::refused, about});
    }
    say_gated(
        LogLevel::warning, format("route {}: {}", route, about),
        format("route {}: {} {}; they had sent {} bytes", route, late.legs, about, late.bytes));
  }
}

}  // namespace longthrow
