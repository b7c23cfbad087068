// SPDX-License-Identifier: Apache-2.0
// The routes of this node, as a session names them to the peer. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "longthrow/config.h"
#include "proxy/wire/records.h"

namespace longthrow {

// A route as this node knows it.
struct LocalRoute {
  std::string name;
  std::string group;
  RouteProtocol protocol = RouteProtocol::tcp;
  bool accepts = false;      // has a target
  bool ready = true;         // no channel of an earlier session is left
  bool no_listener = false;  // as configured
  bool no_target = false;
  // What both nodes call the route and its group, if their own names for it differ; "": they do
  // not.
  std::string wire_name;

  [[nodiscard]] const std::string& name_on_wire() const {
    return wire_name.empty() ? name : wire_name;
  }
  [[nodiscard]] const std::string& group_on_wire() const {
    return wire_name.empty() ? group : wire_name;
  }
  friend bool operator==(const LocalRoute&, const LocalRoute&) = default;
};

class LocalRoutes {
 public:
  struct Numbered {
    std::uint32_t id = 0;  // our number of it on the wire
    LocalRoute route;
    std::uint32_t since_version = 0;
  };
  using ByName = std::map<std::string, Numbered>;

  // True: the routes have changed, and the peer must be told.
  bool set(const std::vector<LocalRoute>& routes);
  [[nodiscard]] const ByName& all() const { return routes_; }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  // Null: there is none.
  [[nodiscard]] const Numbered* find(const std::string& name) const;
  [[nodiscard]] const Numbered* find_on_wire(const std::string& wire_name) const;
  // The route that the peer means, if both nodes have it in the same group.
  [[nodiscard]] const Numbered* same_group(const wire::RouteEntry& entry) const;
  // Our group that the peer means by one of its routes. If we do not have the route, a group of the
  // peer's name.
  [[nodiscard]] const std::string& group_of(const wire::RouteEntry& entry) const;
  // "": the route is no longer configured.
  [[nodiscard]] std::string name_of(std::uint32_t id) const;

  // The peer has the routes of this version.
  enum class Seen : std::uint8_t { before, newly, never_said };
  [[nodiscard]] Seen on_seen(std::uint32_t version);
  [[nodiscard]] bool seen_by_peer(const Numbered& route) const {
    return seen_version_ >= route.since_version;
  }

 private:
  ByName routes_;
  std::map<std::uint32_t, std::string> names_;  // by id
  std::uint32_t next_id_ = 1;
  std::uint32_t version_ = 0;
  std::uint32_t seen_version_ = 0;
};

}  // namespace longthrow
