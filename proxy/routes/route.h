// SPDX-License-Identifier: Apache-2.0
// A route as one node knows it: its configuration, its door to the local software, its channels,
// and the health of its copy. A route that has left the configuration stays until its last channel
// is forgotten.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "longthrow/config.h"
#include "proxy/groups/group.h"
#include "proxy/guides/route_guide.h"
#include "proxy/routes/inside_listener.h"
#include "proxy/routes/route_health.h"

namespace longthrow {

class Channel;

struct Route {
  explicit Route(std::string its_name);
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  [[nodiscard]] bool configured() const { return group != nullptr; }
  [[nodiscard]] bool unused() const { return !configured() && channels.empty(); }
  // REQUIRES: its door is closed. A later route of the same name begins anew.
  void leave_configuration();
  // REQUIRES: `its_group` lives until the route is gone, or its configuration changes.
  void configure(const RouteConfig& its_config, Group& its_group);

  const std::string name;
  Group* group = nullptr;  // null: the route has left the configuration
  RouteConfig config;
  std::map<std::uint64_t, Channel*> channels;  // by serial, until they are forgotten

  // The listener to which the local software connects.
  struct Door {
    std::unique_ptr<InsideListener> listener;  // null: closed
    int failures = 0;                          // since it was last open, or closed on purpose
    TimePoint again_at = kNever;               // when the node tries again
  } door;
  // Why the door is closed, or the last failure of a channel.
  struct Trouble {
    std::string text;
    std::uint64_t serial = 0;  // channels with higher serials came later
  } trouble;
  std::uint64_t channels_total = 0;
  RouteHealth health;
  std::shared_ptr<RouteGuide> guide;  // of its protocol; never null
  std::string_view inner_encryption;  // as the log says
};

}  // namespace longthrow
