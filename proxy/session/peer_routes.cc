// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/peer_routes.h"

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {
namespace {

// Why no channel can be opened on a route that both nodes have, or "".
RouteStanding stand(const wire::RouteEntry& theirs, const LocalRoute& ours) {
  RouteStanding standing{.known = true};
  if (theirs.protocol != static_cast<std::uint8_t>(ours.protocol)) {
    standing.reason = "the peer has another protocol for this route: make both equal";
    return standing;
  }
  if (theirs.group != ours.group_on_wire()) {
    standing.reason = format("the peer has this route in group \"{}\", here it is in \"{}\"",
                             theirs.group, ours.group_on_wire());
    return standing;
  }
  standing.matched = true;
  if (!theirs.accepts) standing.reason = "the peer has no target for this route";
  if (!theirs.ready || !ours.ready)
    standing.reason = "channels of the last session are still being ended";
  standing.dead_end =
      (theirs.no_listener && ours.no_listener) || (theirs.no_target && ours.no_target);
  if (theirs.no_listener && ours.no_listener) {
    standing.reason = "both sides have only a target for it: write listen at one of them";
  } else if (standing.dead_end) {
    standing.reason = "both sides only listen for it: write target at one of them";
  }
  return standing;
}

}  // namespace

Result<bool> PeerRoutes::on_routes(const wire::Routes& routes,
                                   const std::function<bool(const wire::RouteEntry&)>& is_needed) {
  if (known_ && routes.version < version_) return false;
  if (known_) note_reached(Mark::routes_said_again);
  for (auto& [id, route] : routes_) route.current = false;
  forget_old(routes.entries.size(), is_needed);
  if (routes_.size() + routes.entries.size() > kMax)
    return breach("too many routes in one session");
  for (const wire::RouteEntry& entry : routes.entries) routes_[entry.id] = {entry, true};
  known_ = true;
  version_ = routes.version;
  return true;
}

// Forgets the peer's oldest former routes first, and only when there is no more room: a frame that
// opens a channel may be lost, sent again, and arrive after its route was removed.
void PeerRoutes::forget_old(std::size_t coming,
                            const std::function<bool(const wire::RouteEntry&)>& is_needed) {
  if (routes_.size() + coming <= kMax) return;
  for (auto route = routes_.begin();
       route != routes_.end() && routes_.size() + coming > kMax / 2;) {
    const bool kept = route->second.current || is_needed(route->second.entry);
    route = kept ? std::next(route) : routes_.erase(route);
  }
}

const wire::RouteEntry* PeerRoutes::find(std::uint32_t id) const {
  const auto found = routes_.find(id);
  return found == routes_.end() ? nullptr : &found->second.entry;
}

std::vector<std::string> PeerRoutes::unknown_to(const LocalRoutes& ours) const {
  std::vector<std::string> unknown;
  for (const auto& [id, route] : routes_) {
    if (route.current && ours.find_on_wire(route.entry.name) == nullptr)
      unknown.push_back(route.entry.name);
  }
  return unknown;
}

RouteStanding PeerRoutes::standing(const std::string& name, const LocalRoutes& ours) const {
  const LocalRoutes::Numbered* our = ours.find(name);
  if (!known_ || our == nullptr) return {.reason = "the peer has not yet said its routes"};
  const wire::RouteEntry* theirs = nullptr;
  for (const auto& [id, route] : routes_) {
    if (route.current && route.entry.name == our->route.name_on_wire()) theirs = &route.entry;
  }
  if (theirs == nullptr) {
    return {
        .known = true,
        .reason = our->route.wire_name.empty()
                      ? format("the peer has no route \"{}\": add [route.{}] there", name, name)
                      : format("the peer has not got this connection (\"{}\"): add it there, too",
                               our->route.wire_name)};
  }
  RouteStanding standing = stand(*theirs, our->route);
  if (!standing.matched) return standing;
  standing.may_open = theirs->accepts && (theirs->ready || planted(Plant::unready_peer)) &&
                      our->route.ready && ours.seen_by_peer(*our);
  standing.soon = theirs->accepts && !standing.may_open;
  return standing;
}

}  // namespace longthrow
