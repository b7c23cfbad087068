// SPDX-License-Identifier: Apache-2.0
// The routes of one link, and the groups that they are in.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxy/groups/group_table.h"
#include "proxy/routes/route.h"

namespace longthrow {

// Belongs to the loop's thread.
class RouteTable {
 public:
  // Applies a configuration. REQUIRES: the doors are closed of routes that leave it or whose
  // listener moves.
  void set(const std::map<std::string, RouteConfig>& wanted);
  // The routes of the configuration, by name.
  [[nodiscard]] const std::vector<Route*>& configured() const { return configured_; }
  // Null: the route is not in the configuration.
  [[nodiscard]] Route* find(const std::string& name) const;
  // Finds or makes the route of any name, for a channel: the peer may open a channel of a route
  // that has just left the configuration.
  [[nodiscard]] Route& get(const std::string& name);
  // All routes by name, also those that have left the configuration.
  [[nodiscard]] const std::map<std::string, std::unique_ptr<Route>>& all() const { return all_; }

  [[nodiscard]] GroupTable& groups() { return groups_; }
  [[nodiscard]] const GroupTable& groups() const { return groups_; }
  // Null: no configured route is in the group.
  [[nodiscard]] Group* configured_group(const std::string& name);
  [[nodiscard]] std::size_t count_groups() const;  // of the configuration
  // Forgets routes and groups that nothing refers to any more.
  void prune();

 private:
  GroupTable groups_;
  std::map<std::string, std::unique_ptr<Route>> all_;
  std::vector<Route*> configured_;
};

}  // namespace longthrow
