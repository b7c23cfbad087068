// SPDX-License-Identifier: Apache-2.0
// Where a socket listens or connects: an IP address and port, or a name still to be resolved.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "longthrow/error.h"

namespace longthrow {

// A numeric address. `address` is in network byte order; an IPv4 address uses its first 4 bytes.
struct Endpoint {
  enum class Family : std::uint8_t { ipv4, ipv6 };
  Family family = Family::ipv4;
  std::array<std::uint8_t, 16> address{};
  // The interface of a link-local IPv6 address, else empty. By name, since the interface may be
  // created later, or deleted and created again (RFC 4007, 11); a number where no name is known.
  std::string zone;
  std::uint16_t port = 0;  // host byte order

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
  [[nodiscard]] bool is_loopback() const;
  // fe80::/10: the address is valid on one interface only, which `zone` names.
  [[nodiscard]] bool is_link_local() const;
  // The present index of the zone's interface; 0: there is no zone, or no such interface.
  [[nodiscard]] std::uint32_t scope_id() const;
  // The zone names an interface that does not exist: nothing can be bound or connected until it
  // does.
  [[nodiscard]] bool awaits_interface() const { return !zone.empty() && scope_id() == 0; }
};

// The zone of an interface index, as the kernel gives it: the interface's name; "" for 0.
[[nodiscard]] std::string zone_of(std::uint32_t scope_id);

// "192.0.2.1:7700" or "[2001:db8::1]:7700".
[[nodiscard]] std::string to_string(const Endpoint& endpoint);
// Numeric forms only; never resolves.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

// A host name or numeric address, and a port, as written in the configuration.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const HostPort&, const HostPort&) = default;
};
[[nodiscard]] std::string to_string(const HostPort& host_port);
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);

}  // namespace longthrow
