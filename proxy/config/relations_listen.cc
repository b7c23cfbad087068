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

// Whether the kernel would refuse to listen on both. [::] is taken to be IPv6 only.
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

// An interface that is not there may be misspelt, or come with a VPN.
void warn_of_interfaces(const Config& config, const std::vector<Listener>& listeners,
                        const Origins& origins, Report& report) {
  const auto look_at = [&](const std::string& key, const Endpoint& where) {
    if (!where.awaits_interface()) return;
    report.warn(origins.find(key), key,
                format("{}: there is no interface \"{}\" now: it is waited for", to_string(where),
                       where.zone));
  };
  const auto look_up = [&](const std::string& key, const HostPort& where) {
    if (const auto numeric = parse_endpoint(to_string(where))) look_at(key, *numeric);
  };
  for (const Listener& listener : listeners) look_at(listener.key, listener.endpoint);
  for (const auto& [name, link] : config.links) {
    if (link.source) look_at("link." + name + ".source", *link.source);
    for (const HostPort& to : link.connect) look_up("link." + name + ".connect", to);
  }
  for (const auto& [name, route] : config.routes) {
    if (route.inside_source) look_at("route." + name + ".inside_source", *route.inside_source);
    if (route.target) look_up("route." + name + ".target", *route.target);
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
  warn_of_interfaces(config, all, origins, report);
  if (config.node.http && !config.node.http->is_loopback()) {
    report.warn(origins.find("node.http"), "node.http",
                format("{} is not loopback: everyone who reaches it can read the status, without "
                       "authentication",
                       to_string(*config.node.http)));
  }
}

}  // namespace longthrow
