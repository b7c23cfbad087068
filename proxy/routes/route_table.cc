// SPDX-License-Identifier: Apache-2.0
#include "proxy/routes/route_table.h"

#include <algorithm>

#include "longthrow/error.h"

namespace longthrow {

void RouteTable::set(const std::map<std::string, RouteConfig>& wanted) {
  for (Route* route : configured_) {
    if (wanted.contains(route->name)) continue;
    LT_ASSERT(route->door.listener == nullptr);
    route->leave_configuration();
  }
  for (const auto& [name, group] : groups_.all()) group->routes = 0;
  configured_.clear();
  for (const auto& [name, config] : wanted) {
    Route& route = get(name);
    route.configure(config, groups_.get(config.group));
    ++route.group->routes;
    configured_.push_back(&route);
  }
  for (const auto& [name, group] : groups_.all()) {
    if (!group->configured()) group->leave_configuration();
  }
  prune();
}

Route* RouteTable::find(const std::string& name) const {
  const auto found = all_.find(name);
  return found != all_.end() && found->second->configured() ? found->second.get() : nullptr;
}

Route& RouteTable::get(const std::string& name) {
  std::unique_ptr<Route>& route = all_[name];
  if (route == nullptr) route = std::make_unique<Route>(name);
  return *route;
}

Group* RouteTable::configured_group(const std::string& name) {
  Group* group = groups_.find(name);
  return group != nullptr && group->configured() ? group : nullptr;
}

std::size_t RouteTable::count_groups() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      groups_.all(), [](const auto& entry) { return entry.second->configured(); }));
}

void RouteTable::prune() {
  std::erase_if(all_, [](const auto& entry) { return entry.second->unused(); });
  groups_.prune();
}

}  // namespace longthrow
