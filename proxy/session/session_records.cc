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
  std::map<std::string, RouteIds> next;
  bool changed = routes.size() != routes_.size();
  for (const LocalRoute& route : routes) {
    const auto old = routes_.find(route.name);
    if (old != routes_.end() && old->second.route == route) {
      next.emplace(route.name, old->second);
      continue;
    }
    changed = true;
    RouteIds ids{.route = route, .since_version = routes_version_ + 1};
    // A route with another group, wire name or protocol is another route; else it keeps its id.
    const bool same_kind = old != routes_.end() && old->second.route.group == route.group &&
                           old->second.route.wire_name == route.wire_name &&
                           old->second.route.protocol == route.protocol;
    ids.id = same_kind ? old->second.id : next_route_id_++;
    if (same_kind) ids.since_version = old->second.since_version;
    route_names_[ids.id] = route.name;
    next.emplace(route.name, ids);
    (void)group(route.group);
  }
  if (!changed) return;
  std::erase_if(route_names_, [&](const auto& known) {
    const auto route = next.find(known.second);
    return route == next.end() || route->second.id != known.first;
  });
  routes_ = std::move(next);
  ++routes_version_;
  routes_due_ = true;
  emit(SessionEvent::Kind::routes_changed);
}

const Session::RouteIds* Session::local_route(const std::string& name) const {
  const auto found = routes_.find(name);
  return found == routes_.end() ? nullptr : &found->second;
}

const Session::RouteIds* Session::local_route_of_wire_name(const std::string& wire_name) const {
  const auto found = std::ranges::find_if(
      routes_, [&](const auto& entry) { return entry.second.route.name_on_wire() == wire_name; });
  return found == routes_.end() ? nullptr : &found->second;
}

const Session::RouteIds* Session::local_route_of_peer_id(std::uint32_t peer_id) const {
  const auto peer = peer_routes_.find(peer_id);
  return peer == peer_routes_.end() ? nullptr : local_route_of_wire_name(peer->second.entry.name);
}

const std::string& Session::group_name_of(const wire::RouteEntry& entry) const {
  const RouteIds* ids = local_route_of_wire_name(entry.name);
  const bool same = ids != nullptr && ids->route.group_on_wire() == entry.group;
  return same ? ids->route.group : entry.group;
}

GroupState& Session::group_of(const wire::RouteEntry& entry) { return group(group_name_of(entry)); }

std::string Session::route_name(std::uint32_t route_id) const {
  const auto found = route_names_.find(route_id);
  if (found == route_names_.end()) return "";
  const RouteIds* ids = local_route(found->second);
  return ids != nullptr && ids->id == route_id ? found->second : "";
}

Result<void> Session::on_routes(const wire::Routes& routes) {
  if (peer_routes_known_ && routes.version < peer_routes_version_) return {};
  for (auto& [id, route] : peer_routes_) route.current = false;
  forget_old_peer_routes(routes.entries.size());
  if (peer_routes_.size() + routes.entries.size() > kPeerRoutesMax) {
    return fail("too many routes in one session");
  }
  for (const wire::RouteEntry& entry : routes.entries) {
    peer_routes_[entry.id] = PeerRoute{entry, true};
  }
  peer_routes_known_ = true;
  peer_routes_version_ = routes.version;
  ack_due_ = true;
  credit_due_ = true;
  emit(SessionEvent::Kind::routes_changed);
  return {};
}

// Forgets the peer's oldest former routes first, and only when there is no more room: a frame that
// opens a channel may be lost, sent again, and arrive after its route was removed. Routes whose
// group has channels stay known, since they hold the id by which the group gets credit.
void Session::forget_old_peer_routes(std::size_t coming) {
  if (peer_routes_.size() + coming <= kPeerRoutesMax) return;
  std::set<std::string> used;
  for (const auto& [id, channel] : channels_) used.insert(channel->group->name);
  for (auto route = peer_routes_.begin();
       route != peer_routes_.end() && peer_routes_.size() + coming > kPeerRoutesMax / 2;) {
    const bool kept = route->second.current || used.contains(group_name_of(route->second.entry));
    route = kept ? std::next(route) : peer_routes_.erase(route);
  }
}

std::vector<std::string> Session::unknown_peer_routes() const {
  std::vector<std::string> unknown;
  for (const auto& [id, route] : peer_routes_) {
    if (route.current && local_route_of_wire_name(route.entry.name) == nullptr) {
      unknown.push_back(route.entry.name);
    }
  }
  return unknown;
}

RouteStanding Session::standing(const std::string& name) const {
  RouteStanding standing;
  const RouteIds* ids = local_route(name);
  if (!peer_routes_known_ || ids == nullptr) {
    standing.reason = "the peer has not yet said its routes";
    return standing;
  }
  standing.known = true;
  const wire::RouteEntry* entry = nullptr;
  for (const auto& [id, route] : peer_routes_) {
    if (route.current && route.entry.name == ids->route.name_on_wire()) entry = &route.entry;
  }
  if (entry == nullptr) {
    standing.reason =
        ids->route.wire_name.empty()
            ? format("the peer has no route \"{}\": add [route.{}] there", name, name)
            : format("the peer has not got this connection (\"{}\"): add it there, too",
                     ids->route.wire_name);
  } else if (entry->protocol != static_cast<std::uint8_t>(ids->route.protocol)) {
    standing.reason = "the peer has another protocol for this route: make both equal";
  } else if (entry->group != ids->route.group_on_wire()) {
    standing.reason = format("the peer has this route in group \"{}\", here it is in \"{}\"",
                             entry->group, ids->route.group_on_wire());
  } else {
    standing.matched = true;
    standing.may_open = entry->accepts && entry->ready && ids->route.ready &&
                        routes_version_seen_ >= ids->since_version;
    standing.soon = entry->accepts && !standing.may_open;
    if (!entry->accepts) standing.reason = "the peer has no target for this route";
    if (!entry->ready || !ids->route.ready) {
      standing.reason = "channels of the last session are still being ended";
    }
    if (entry->no_listener && ids->route.no_listener) {
      standing.dead_end = true;
      standing.reason = "both sides have only a target for it: write listen at one of them";
    } else if (entry->no_target && ids->route.no_target) {
      standing.dead_end = true;
      standing.reason = "both sides only listen for it: write target at one of them";
    }
  }
  return standing;
}

void Session::put_routes(ByteQueue& out) {
  wire::Routes routes{.version = routes_version_};
  for (const auto& [name, ids] : routes_) {
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
  if (ack.routes_seen > routes_version_) return fail("an acknowledgement of routes never said");
  if (ack.routes_seen > routes_version_seen_) {
    routes_version_seen_ = ack.routes_seen;
    emit(SessionEvent::Kind::routes_changed);
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
    out.delivered_offset =
        std::max(out.delivered_offset, std::min(mark.offset, out.accepted_offset()));
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
    express_sent_.erase(frame->header.number);
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
  wire::Ack ack{.routes_seen = peer_routes_version_,
                .express_next = express_in_.next(),
                .bulk_next = bulk_in_.next()};
  ack.bulk_ranges = bulk_in_.lowest_ranges(wire::kAckRangesMax);
  while (!delivered_due_.empty() && ack.delivered.size() < wire::kDeliveredMax) {
    ChannelCore* channel = delivered_due_.back();
    delivered_due_.pop_back();
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
  // A group is idle if it has open streams, none with bytes to send; one without is not reported.
  std::set<const GroupState*> open;
  for (const auto& [id, channel] : channels_) {
    if (!channel->out.end.has_value()) open.insert(channel->group);
  }
  for (const ChannelCore* channel : express_channels_) open.erase(channel->group);
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
  // The heartbeat that was under way for the shortest time tells the peer's time best; any may have
  // waited for seconds in a lane that was cut. Clocks drift, so an old heartbeat loses weight.
  constexpr double kDrift = 200e-6;
  const auto elapsed_ns = static_cast<double>((now - peer_wall_at_).count());
  const double expected_ns =
      static_cast<double>(peer_wall_ns_.value_or(0)) + elapsed_ns * (1 - kDrift);
  if (!peer_wall_ns_ || static_cast<double>(heartbeat.wall_ns) >= expected_ns) {
    peer_wall_ns_ = heartbeat.wall_ns;
    peer_wall_at_ = now;
  }
  idle_mark_ = heartbeat;
  apply_idle_heartbeat();
  if (echoes_due_.size() < 16) echoes_due_.push_back(heartbeat.sent_at_ns);
  return {};
}

// An idle group's copy is as new as the heartbeat, once all frames numbered before it are here.
void Session::apply_idle_heartbeat() {
  if (marks_.known()) idle_mark_.reset();  // marks say more
  if (!idle_mark_ || bulk_in_.next() < idle_mark_->bulk_next) return;
  for (const std::uint32_t peer_group : idle_mark_->idle_groups) {
    for (const auto& [id, route] : peer_routes_) {
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
  if (routes_due_) {
    put_routes(out);
    routes_due_ = false;
  }
  if (ack_due_ || ack_due_at_ <= now || !delivered_due_.empty() || final_marks_.due()) {
    put_ack(out);
    ack_due_ = false;
    ack_due_at_ = kNever;
    unacked_bytes_ = 0;
  }
  if (!returns_due_.empty()) put_returns(out);
  if (credit_due_) {
    put_credit(out);
    credit_due_ = false;
  }
  if (heartbeat_due_) {
    wire::encode(make_heartbeat(now, wall_ns_), out);
    heartbeat_due_ = false;
  }
  for (const std::uint64_t sent_at_ns : echoes_due_) {
    wire::encode(wire::HeartbeatEcho{sent_at_ns}, out);
  }
  echoes_due_.clear();
  if (notices_due_) {
    wire::encode(*notices_due_, out);
    notices_due_.reset();
  }
  if (marks_due_) {
    wire::encode(*marks_due_, out);
    marks_due_.reset();
  }
  return out.size() > size_before;
}

}  // namespace longthrow
