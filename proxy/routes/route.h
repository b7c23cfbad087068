// SPDX-License-Identifier: Apache-2.0
// A route as one node has it: its configuration, its door to the local software, its channels, and
// how its copy is. One that has left the configuration stays until its last channel is forgotten.
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
  // REQUIRES: its door is closed. One that comes later under this name begins anew.
  void leave_configuration();
  // REQUIRES: `its_group` outlives it, or the next change of the configuration.
  void configure(const RouteConfig& its_config, Group& its_group);

  const std::string name;
  Group* group = nullptr;  // null: the route has left the configuration
  RouteConfig config;
  std::map<std::uint64_t, Channel*> channels;  // by serial, until they are forgotten

  // Where the local software connects.
  struct Door {
    std::unique_ptr<InsideListener> listener;  // null: closed
    int failures = 0;                          // since it was last open, or not to be open
    TimePoint again_at = kNever;               // it is tried again then
  } door;
  // Why the door is closed, or the last failure of a channel.
  struct Trouble {
    std::string text;
    std::uint64_t serial = 0;  // channels with higher ones came after
  } trouble;
  std::uint64_t channels_total = 0;
  RouteHealth health;
  std::shared_ptr<RouteGuide> guide;  // of its protocol; never null
  std::string_view inner_encryption;  // as it was told to the log
};

}  // namespace longthrow
