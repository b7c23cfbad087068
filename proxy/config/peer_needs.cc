// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/peer_needs.h"

#include "proxy/base/log.h"

namespace longthrow {

std::vector<std::string> peer_needs(const Config& config) {
  std::vector<std::string> needs;
  for (const auto& [name, link] : config.links) {
    if (link.connect.empty() && link.listen) {
      needs.push_back(
          format("link {}: the peer must dial, this side only listens: its link needs "
                 "connect, to here (port {})",
                 name, link.listen->port));
    } else if (!link.listen && !link.connect.empty()) {
      needs.push_back(
          format("link {}: the peer must listen, this side only dials: its link needs "
                 "listen (port {})",
                 name, link.connect.front().port));
    }
  }
  for (const auto& [name, route] : config.routes) {
    if (route.listen && !route.target) {
      needs.push_back(format("route {}: the peer's [route.{}] needs target", name, name));
    } else if (route.target && !route.listen) {
      needs.push_back(format("route {}: the peer's [route.{}] needs listen", name, name));
    }
  }
  return needs;
}

}  // namespace longthrow
