// SPDX-License-Identifier: Apache-2.0
// The routes that the peer has named in a session, and how ours match them. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "longthrow/error.h"
#include "proxy/session/local_routes.h"
#include "proxy/wire/records.h"

namespace longthrow {

// How a local route matches those of the peer.
struct RouteStanding {
  bool known = false;     // the peer has said its routes
  bool matched = false;   // same name (on the wire), protocol and group there
  bool may_open = false;  // we may open channels: matched, the peer has a target and is ready
  bool dead_end = false;  // matched, but as both sides are configured no connection can pass
  bool soon = false;      // no channel yet, but as soon as both are ready
  std::string reason;     // why not matched, or no channel may be opened
};

class PeerRoutes {
 public:
  static constexpr std::size_t kMax = std::size_t{8} * wire::kRoutesMax;

  struct Route {
    wire::RouteEntry entry;
    bool current = true;
  };
  using ById = std::map<std::uint32_t, Route>;

  // Takes the peer's record, which lists all its present routes. Former routes are remembered as
  // long as there is room; those for which `is_needed` is false are forgotten first. False: the
  // record is older than what is known.
  [[nodiscard]] Result<bool> on_routes(
      const wire::Routes& routes, const std::function<bool(const wire::RouteEntry&)>& is_needed);
  [[nodiscard]] const ById& all() const { return routes_; }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  // Null: the peer never named it.
  [[nodiscard]] const wire::RouteEntry* find(std::uint32_t id) const;
  // The routes that the peer has and we lack.
  [[nodiscard]] std::vector<std::string> unknown_to(const LocalRoutes& ours) const;
  // How our route `name` matches.
  [[nodiscard]] RouteStanding standing(const std::string& name, const LocalRoutes& ours) const;

 private:
  void forget_old(std::size_t coming,
                  const std::function<bool(const wire::RouteEntry&)>& is_needed);

  ById routes_;
  std::uint32_t version_ = 0;
  bool known_ = false;
};

}  // namespace longthrow
