// SPDX-License-Identifier: Apache-2.0
// Two sites and what is replicated between them: what `longthrow init` is told. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "longthrow/endpoint.h"
#include "longthrow/error.h"

namespace longthrow::cli {

inline constexpr std::uint16_t kDefaultWanPort = 7700;

enum class Dials : std::uint8_t { here, peer, both };
enum class Software : std::uint8_t { drbd, postgresql, tcp };
// One of the two sites, as the one at which init runs sees it.
enum class Site : std::uint8_t { here, peer };
[[nodiscard]] constexpr Site other(Site site) {
  return site == Site::here ? Site::peer : Site::here;
}

struct Stream {
  Software software = Software::tcp;
  std::string name;        // of the route, and of DRBD's resource
  std::uint16_t port = 0;  // where the software accepts connections
};

struct SitePlan {
  std::string name;       // of the node here
  std::string peer_name;  // of the peer's node
  Dials dials = Dials::peer;
  std::optional<HostPort> address;       // where the peer reaches this site
  std::optional<HostPort> peer_address;  // where this site reaches the peer
  std::vector<Stream> streams;
  Site server = Site::here;  // of the program that accepts connections: PostgreSQL's primary
  std::uint64_t memlimit = 0;

  [[nodiscard]] bool accepts(Site site) const {  // whether its WAN port is open
    return dials == Dials::both || dials == (site == Site::here ? Dials::peer : Dials::here);
  }
  [[nodiscard]] const std::string& name_of(Site site) const {
    return site == Site::here ? name : peer_name;
  }
  [[nodiscard]] const std::optional<HostPort>& address_of(Site site) const {
    return site == Site::here ? address : peer_address;
  }
  // Whether some stream has one end that accepts and one that connects.
  [[nodiscard]] bool has_server() const;
};

// "here", "peer" or "both"; "here" or "peer".
[[nodiscard]] Result<Dials> parse_dials(std::string_view text);
[[nodiscard]] Result<Site> parse_site(std::string_view text);
// "192.0.2.1", "192.0.2.1:7700", "[2001:db8::1]:7700", "dr.example.org": the port may be left out.
[[nodiscard]] Result<HostPort> parse_wan_address(const std::string& text);
// "drbd:r0:7788", "postgresql", "postgresql:wal:5432", "tcp:mysql:3306".
[[nodiscard]] Result<Stream> parse_stream(std::string_view text);
[[nodiscard]] Result<std::string> parse_node_name(std::string_view text);

// What single answers cannot show: names that are the same, addresses that are missing.
[[nodiscard]] Result<void> check_plan(const SitePlan& plan);

}  // namespace longthrow::cli
