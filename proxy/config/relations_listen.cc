// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/config/relations.h"

namespace longthrow {
namespace {

struct Listener {
  std::string key;
  Endpoint endpoint;
  bool of_link = false;
};

// Whether the kernel would refuse the second of them. [::] is taken to be IPv6 only.
bool collide(const Endpoint& a, const Endpoint& b) {
  if (a.port != b.port || a.family != b.family) return false;
  return a == b || is_wildcard(a) || is_wildcard(b);
}

std::vector<Listener> listeners_of(const Config& config) {
  std::vector<Listener> all;
  if (config.node.http) all.push_back({"node.http", *config.node.http});
  for (const auto& [name, link] : config.links) {
    if (link.listen) all.push_back({"link." + name + ".listen", *link.listen, true});
  }
  for (const auto& [name, route] : config.routes) {
    if (route.listen) all.push_back({"route." + name + ".listen", *route.listen});
  }
  return all;
}

void check_loop(const Config& config, const Listener& listener, const Origins& origins,
                Report& report) {
  for (const auto& [name, route] : config.routes) {
    if (!route.target || to_string(*route.target) != to_string(listener.endpoint)) continue;
    const std::string key = "route." + name + ".target";
    report.error(origins.find(key), key,
                 format("it is the address that {} accepts on: channels would go round in a circle",
                        listener.key));
  }
}

}  // namespace

bool is_wildcard(const Endpoint& endpoint) {
  return std::ranges::all_of(endpoint.address, [](std::uint8_t byte) { return byte == 0; });
}

void check_listeners(const Config& config, const Origins& origins, Report& report) {
  const std::vector<Listener> all = listeners_of(config);
  for (std::size_t i = 0; i < all.size(); ++i) {
    check_loop(config, all[i], origins, report);
    for (std::size_t j = 0; j < i; ++j) {
      const bool shared = all[i].of_link && all[j].of_link && all[i].endpoint == all[j].endpoint;
      if (shared || !collide(all[i].endpoint, all[j].endpoint)) continue;
      const Origin other = origins.find(all[j].key);
      report.error(origins.find(all[i].key), all[i].key,
                   format("{} is taken by {} at {}{}", to_string(all[i].endpoint), all[j].key,
                          other.file, other.line > 0 ? format(":{}", other.line) : ""));
      break;
    }
  }
  for (const Listener& listener : all) {
    const Endpoint& where = listener.endpoint;
    if (where.zone.empty() || where.scope_id() != 0) continue;
    report.warn(origins.find(listener.key), listener.key,
                format("{}: there is no interface \"{}\" now: it is waited for", to_string(where),
                       where.zone));
  }
  if (config.node.http && !config.node.http->is_loopback()) {
    report.warn(origins.find("node.http"), "node.http",
                format("{} is not loopback: everyone who reaches it can read the status, without "
                       "authentication",
                       to_string(*config.node.http)));
  }
}

}  // namespace longthrow
