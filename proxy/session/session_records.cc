// SPDX-License-Identifier: Apache-2.0
// The control records of a session: routes, acknowledgements, credit, heartbeats. All of them are
// absolute, so that repeating or losing one does no harm.
#include <algorithm>
#include <set>

#include "proxy/base/log.h"
#include "proxy/session/session.h"

namespace longthrow {

// --- routes

void Session::set_local_routes(const std::vector<LocalRoute>& routes) {
  if (!local_routes_.set(routes)) return;
  for (const LocalRoute& route : routes) (void)group(route.group);
  due_.routes = true;
  emit(SessionEvent::Kind::routes_changed);
}

GroupState& Session::group_of(const wire::RouteEntry& entry) {
  return group(local_routes_.group_of(entry));
}

// Routes whose group has channels stay known, since they hold the id by which the group gets
// credit.
Result<void> Session::on_routes(const wire::Routes& routes) {
  std::optional<std::set<std::string>> used;
  const auto is_needed = [&](const wire::RouteEntry& entry) {
    if (!used) {
      used.emplace();
      for (const auto& [id, channel] : channels_) used->insert(channel->group->name);
    }
    return used->contains(local_routes_.group_of(entry));
  };
  const auto changed = peer_routes_.on_routes(routes, is_needed);
  if (!changed) return std::unexpected(changed.error());
  if (!*changed) return {};
  due_.ack = true;
  due_.credit = due_.epochs = true;
  emit(SessionEvent::Kind::routes_changed);
  return {};
}

void Session::put_routes(ByteQueue& out) {
  wire::Routes routes{.version = local_routes_.version()};
  for (const auto& [name, ids] : local_routes_.all()) {
    routes.entries.push_back({.id = ids.id,
                              .group_id = group(ids.route.group).id,
                              .protocol = static_cast<std::uint8_t>(ids.route.protocol),
                              .accepts = ids.route.accepts,
                              .ready = ids.route.ready,
                              .no_listener = ids.route.no_listener,
                              .no_target = ids.route.no_target,
                              .name = ids.route.name_on_wire(),
                              .group = ids.route.group_on_wire()});
  }
  wire::encode(routes, out);
}

// --- acknowledgements

Result<void> Session::on_ack(const wire::Ack& ack) {
  switch (local_routes_.on_seen(ack.routes_seen)) {
    case LocalRoutes::Seen::never_said:
      return breach("an acknowledgement of routes never said");
    case LocalRoutes::Seen::newly:
      emit(SessionEvent::Kind::routes_changed);
      break;
    case LocalRoutes::Seen::before:
      break;
  }
  bool any = false;
  const auto on_acked = [&](OutFrame* frame) {
    any = any || frame->stream != nullptr;
    on_frame_acked(frame);
  };
  if (auto ok = express_out_.ack(ack.express_next, {}, on_acked); !ok) return ok;
  if (auto ok = bulk_out_.ack(ack.bulk_next, ack.bulk_ranges, on_acked); !ok) return ok;
  for (const wire::DeliveredMark& mark : ack.delivered) {
    const auto found = channels_.find(mark.channel);
    if (found == channels_.end()) continue;
    OutStream& out = found->second->out;
    const std::uint64_t offset = std::min(mark.offset, out.accepted_offset());
    if (offset <= out.delivered_offset) continue;
    out.delivered_offset = offset;
    if (out.end_acked) emit(SessionEvent::Kind::end_acked, found->second.get());
  }
  if (awaiting_ack_ && express_lane_ != kNoLane) {
    awaiting_ack_ = false;
    emit(SessionEvent::Kind::routes_changed);
  }
  if (any) emit(SessionEvent::Kind::acked);
  return {};
}

void Session::on_frame_acked(OutFrame* frame) {
  OutStream* stream = frame->stream;
  if (stream == nullptr) {  // open, stop
    express_.sent.erase(frame->header.number);
    pool_.give(frame);
    return;
  }
  const std::uint64_t channel_id = frame->header.channel;
  ChannelCore& channel = *channels_.at(channel_id);
  if (!channel.express) {
    --(frame->header.express ? channel.ahead_frames_out : channel.bulk_frames_out);
  }
  stream->on_acked(frame);
  if (stream->end_acked) emit(SessionEvent::Kind::end_acked, &channel);
}

void Session::put_ack(ByteQueue& out) {
  wire::Ack ack{.routes_seen = peer_routes_.version(),
                .express_next = express_in_.next(),
                .bulk_next = bulk_in_.next()};
  ack.bulk_ranges = bulk_in_.lowest_ranges(wire::kAckRangesMax);
  while (!due_.delivered.empty() && ack.delivered.size() < wire::kDeliveredMax) {
    ChannelCore* channel = due_.delivered.back();
    due_.delivered.pop_back();
    ack.delivered.push_back({channel->id, channel->delivered_offset});
    channel->delivered_due = false;
  }
  final_marks_.put(ack.delivered, wire::kDeliveredMax);
  wire::encode(ack, out);
}

// --- heartbeats

wire::Heartbeat Session::make_heartbeat(TimePoint now, std::int64_t wall_ns) const {
  wire::Heartbeat heartbeat{
      .sent_at_ns = static_cast<std::uint64_t>(now.time_since_epoch().count()),
      .wall_ns = wall_ns,
      .bulk_next = bulk_out_.next_number()};
  // A group is idle if it has open streams and none has bytes to send. A group without open streams
  // is not reported.
  std::set<const GroupState*> open;
  for (const auto& [id, channel] : channels_) {
    if (!channel->out.end.has_value()) open.insert(channel->group);
  }
  for (const ChannelCore* channel : express_.channels) open.erase(channel->group);
  // After a reconnect a heartbeat goes out before the lost frames, and bulk_next does not cover
  // those that went ahead.
  for (const auto& [id, channel] : channels_) {
    if (channel->ahead_frames_out > 0) open.erase(channel->group);
  }
  for (const auto& [name, its_group] : groups_) {
    if (open.contains(&its_group) && its_group.waiting.empty() && !its_group.unframed &&
        heartbeat.idle_groups.size() < wire::kRoutesMax) {
      heartbeat.idle_groups.push_back(its_group.id);
    }
  }
  return heartbeat;
}

Result<void> Session::on_heartbeat(TimePoint now, const wire::Heartbeat& heartbeat) {
  // The heartbeat that took the shortest time on its way tells the peer's time best; any heartbeat
  // may have waited for seconds in a lane that was cut. Clocks drift, so an old heartbeat loses
  // weight.
  constexpr double kDrift = 200e-6;
  const auto elapsed_ns = static_cast<double>((now - peer_clock_.at).count());
  const double expected_ns =
      static_cast<double>(peer_clock_.wall_ns.value_or(0)) + elapsed_ns * (1 - kDrift);
  if (!peer_clock_.wall_ns || static_cast<double>(heartbeat.wall_ns) >= expected_ns) {
    peer_clock_.wall_ns = heartbeat.wall_ns;
    peer_clock_.at = now;
  }
  idle_mark_ = heartbeat;
  apply_idle_heartbeat();
  if (due_.echoes.size() < 16) due_.echoes.push_back(heartbeat.sent_at_ns);
  return {};
}

// An idle group's copy is as new as the heartbeat, once all frames numbered before it are here.
void Session::apply_idle_heartbeat() {
  if (marks_.known()) idle_mark_.reset();  // marks say more
  if (!idle_mark_ || bulk_in_.next() < idle_mark_->bulk_next) return;
  for (const std::uint32_t peer_group : idle_mark_->idle_groups) {
    for (const auto& [id, route] : peer_routes_.all()) {
      if (route.entry.group_id != peer_group) continue;
      GroupState& its_group = group_of(route.entry);
      its_group.marked_wall_ns = std::max(its_group.marked_wall_ns, idle_mark_->wall_ns);
    }
  }
  idle_mark_.reset();
}

void Session::on_heartbeat_echo(TimePoint now, const wire::HeartbeatEcho& echo) {
  const auto now_ns = static_cast<std::uint64_t>(now.time_since_epoch().count());
  if (echo.sent_at_ns <= now_ns)
    rtt_ = Duration(static_cast<Duration::rep>(now_ns - echo.sent_at_ns));
}

// --- what is due

bool Session::poll_control(TimePoint now, ByteQueue& out) {
  if (express_lane_ == kNoLane) return false;
  const std::size_t size_before = out.size();
  if (due_.routes) {
    put_routes(out);
    due_.routes = false;
  }
  if (due_.ack || due_.ack_at <= now || !due_.delivered.empty() || final_marks_.due()) {
    put_ack(out);
    due_.ack = false;
    due_.ack_at = kNever;
    due_.unacked_bytes = 0;
  }
  if (!due_.returns.empty()) put_returns(out);
  if (due_.epochs) {
    put_epochs(out);
    due_.epochs = false;
  }
  if (due_.checkpoints) {
    put_checkpoints(out);
    due_.checkpoints = false;
  }
  if (due_.credit) {
    put_credit(out);
    due_.credit = false;
  }
  put_cuts(out);
  if (due_.heartbeat) {
    wire::encode(make_heartbeat(now, wall_ns_), out);
    due_.heartbeat = false;
  }
  for (const std::uint64_t sent_at_ns : due_.echoes) {
    wire::encode(wire::HeartbeatEcho{sent_at_ns}, out);
  }
  due_.echoes.clear();
  if (due_.notices) {
    wire::encode(*due_.notices, out);
    due_.notices.reset();
  }
  if (due_.marks) {
    wire::encode(*due_.marks, out);
    due_.marks.reset();
  }
  return out.size() > size_before;
}

}  // namespace longthrow
