// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/local_routes.h"

#include <algorithm>

namespace longthrow {

bool LocalRoutes::set(const std::vector<LocalRoute>& routes) {
  ByName next;
  bool changed = routes.size() != routes_.size();
  for (const LocalRoute& route : routes) {
    const auto old = routes_.find(route.name);
    if (old != routes_.end() && old->second.route == route) {
      next.emplace(route.name, old->second);
      continue;
    }
    changed = true;
    Numbered numbered{.route = route, .since_version = version_ + 1};
    // A route with another group, wire name or protocol counts as a new route. Others keep their
    // id.
    const bool same_kind = old != routes_.end() && old->second.route.group == route.group &&
                           old->second.route.wire_name == route.wire_name &&
                           old->second.route.protocol == route.protocol;
    numbered.id = same_kind ? old->second.id : next_id_++;
    if (same_kind) numbered.since_version = old->second.since_version;
    names_[numbered.id] = route.name;
    next.emplace(route.name, numbered);
  }
  if (!changed) return false;
  std::erase_if(names_, [&](const auto& known) {
    const auto route = next.find(known.second);
    return route == next.end() || route->second.id != known.first;
  });
  routes_ = std::move(next);
  ++version_;
  return true;
}

const LocalRoutes::Numbered* LocalRoutes::find(const std::string& name) const {
  const auto found = routes_.find(name);
  return found == routes_.end() ? nullptr : &found->second;
}

const LocalRoutes::Numbered* LocalRoutes::find_on_wire(const std::string& wire_name) const {
  const auto found = std::ranges::find_if(
      routes_, [&](const auto& entry) { return entry.second.route.name_on_wire() == wire_name; });
  return found == routes_.end() ? nullptr : &found->second;
}

const LocalRoutes::Numbered* LocalRoutes::same_group(const wire::RouteEntry& entry) const {
  const Numbered* ours = find_on_wire(entry.name);
  return ours != nullptr && ours->route.group_on_wire() == entry.group ? ours : nullptr;
}

const std::string& LocalRoutes::group_of(const wire::RouteEntry& entry) const {
  const Numbered* ours = same_group(entry);
  return ours != nullptr ? ours->route.group : entry.group;
}

std::string LocalRoutes::name_of(std::uint32_t id) const {
  const auto found = names_.find(id);
  if (found == names_.end()) return "";
  const Numbered* route = find(found->second);
  return route != nullptr && route->id == id ? found->second : "";
}

LocalRoutes::Seen LocalRoutes::on_seen(std::uint32_t version) {
  if (version > version_) return Seen::never_said;
  if (version <= seen_version_) return Seen::before;
  seen_version_ = version;
  return Seen::newly;
}

}  // namespace longthrow
