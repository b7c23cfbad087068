// SPDX-License-Identifier: Apache-2.0
// A node's WAN ports, and the peers that come through them.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/relay/node_impl.h"

namespace longthrow {

Result<void> NodeImpl::open_ports(const Config& config) {
  std::map<Endpoint, std::string> wanted;
  for (const auto& [name, link] : config.links) {
    if (link.listen) wanted.emplace(*link.listen, link.congestion);
  }
  for (const auto& [endpoint, congestion] : wanted) {
    if (ports_.contains(endpoint)) continue;
    auto port = std::make_unique<WanPort>(parts_.loop, closing_list_, *this, endpoint, congestion);
    if (auto started = port->start(); started) {
      log_info("WAN port {}: listening", to_string(port->local()));
    } else if (may_become_free(endpoint, started.error())) {
      port->start_when_possible();
    } else {
      const bool taken = started.error().os_errno == EADDRINUSE;
      return fail(format("WAN port: {}{}", started.error().message,
                         taken ? "; `ss -ltnp` says which program has it" : ""));
    }
    ports_.emplace(endpoint, std::move(port));
  }
  return {};
}

// An address or interface may come later, with the network. A port of this node becomes free when
// the reload that moves it is done. A port that another program has is a mistake, and the
// administrator must be told.
bool NodeImpl::may_become_free(const Endpoint& local, const Error& error) const {
  if (error.os_errno == ENODEV || error.os_errno == EADDRNOTAVAIL) return true;
  if (error.os_errno != EADDRINUSE) return false;
  return std::ranges::any_of(ports_,
                             [&](const auto& entry) { return entry.first.port == local.port; }) ||
         std::ranges::any_of(config_.routes, [&](const auto& entry) {
           const auto& listen = entry.second.listen;
           return running_ && listen && listen->port == local.port;
         });
}

void NodeImpl::close_ports_beside(const Config& config) {
  for (auto port = ports_.begin(); port != ports_.end();) {
    if (std::ranges::any_of(
            config.links, [&](const auto& entry) { return entry.second.listen == port->first; })) {
      ++port;
      continue;
    }
    port->second->stop();
    closing_list_.retire(std::move(port->second));
    port = ports_.erase(port);
  }
}

Result<std::unique_ptr<TlsEngine>> NodeImpl::wan_engine(const WanPort& port) {
  std::vector<std::string> names;
  for (const auto& [endpoint, its_port] : ports_) {
    if (its_port.get() != &port) continue;
    for (const auto& [name, link] : links_) {
      if (link->config().listen == endpoint) names.push_back(name);
    }
  }
  if (names.empty()) return fail("no link listens here");
  return parts_.tls.server(names);
}

void NodeImpl::on_wan_hello(std::unique_ptr<Lane> lane, const wire::Hello& hello) {
  const auto link = links_.find(lane->engine().link());
  if (link == links_.end()) {
    lane->drop();
    closing_list_.retire(std::move(lane));
    return;
  }
  link->second->peer().uplink().on_incoming(std::move(lane), hello);
}

void NodeImpl::on_wan_bye(std::unique_ptr<Lane> lane, const wire::Bye& bye) {
  const auto link = links_.find(lane->engine().link());
  lane->finish();
  closing_list_.retire(std::move(lane));
  if (link != links_.end()) link->second->peer().uplink().on_incoming_bye(bye);
}

void NodeImpl::on_wan_refused(WanPort& port, const std::string& remote, const Error& why) {
  for (auto& [name, link] : links_) {
    if (link->config().listen && ports_.contains(*link->config().listen) &&
        ports_.at(*link->config().listen).get() == &port) {
      link->peer().note_refused();
      link->peer().uplink().lanes().count_end(why.code);
    }
  }
  if (refusals_.take(parts_.loop.now(), remote, why.message))
    log_warning("WAN port {}: refused {}: {}", to_string(port.local()), remote, why.message);
}

void NodeImpl::say_waiting_ports(Status& status) const {
  for (const auto& [name, link] : links_) {
    if (!link->config().listen || link->peer().up()) continue;
    const auto port = ports_.find(*link->config().listen);
    if (port == ports_.end() || port->second->waits_for().empty()) continue;
    status.links[name].reason = format("{}, trying again every second", port->second->waits_for());
  }
}

}  // namespace longthrow
