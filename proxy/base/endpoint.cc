// SPDX-License-Identifier: Apache-2.0
#include "longthrow/endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <charconv>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

struct SplitPort {
  std::string host;
  std::uint16_t port = 0;
};

Result<SplitPort> split_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return fail(format("\"{}\" has no port: write HOST:PORT", text));
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  SplitPort split;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), split.port);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return fail(format("\"{}\" is not a port (0 to 65535)", digits));
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return fail(format("write the IPv6 address of \"{}\" in brackets: [ADDRESS]:PORT", text));
  }
  if (host.empty()) return fail(format("\"{}\" has no host: write HOST:PORT", text));
  split.host = host;
  return split;
}

// A zone is the interface's name or its index (RFC 4007, 11.2). 0: there is no such interface.
std::uint32_t scope_of(const std::string& zone) {
  if (const auto index = if_nametoindex(zone.c_str()); index != 0) return index;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), number);
  return error == std::errc{} && end == zone.data() + zone.size() ? number : 0;
}

// What the kernel takes for the name of an interface (Linux: dev_valid_name).
bool may_be_interface(const std::string& zone) {
  return !zone.empty() && zone.size() < IF_NAMESIZE && zone != "." && zone != ".." &&
         std::ranges::none_of(
             zone,
             [](unsigned char c) {
               return c <= ' ' || c == '/' || c == ':' || c == '%' || c == ']' || c >= 0x7f;
             });
}

bool parse_address(const std::string& host, Endpoint& endpoint) {
  if (inet_pton(AF_INET, host.c_str(), endpoint.address.data()) == 1) {
    endpoint.family = Endpoint::Family::ipv4;
    return true;
  }
  const auto percent = host.find('%');
  if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), endpoint.address.data()) != 1) {
    return false;
  }
  endpoint.family = Endpoint::Family::ipv6;
  if (percent != std::string::npos) {
    endpoint.zone = zone_of(scope_of(host.substr(percent + 1)));
    if (endpoint.zone.empty()) endpoint.zone = host.substr(percent + 1);
    return may_be_interface(endpoint.zone);
  }
  return true;
}

// Says of an address with a scope what is wrong with it.
std::string not_an_address(const std::string& host) {
  const auto percent = host.find('%');
  Endpoint ignored;
  if (percent != std::string::npos && parse_address(host.substr(0, percent), ignored)) {
    return format("\"{}\": \"{}\" is not the name of an interface", host, host.substr(percent + 1));
  }
  return format("\"{}\" is not a numeric IP address", host);
}

}  // namespace

bool Endpoint::is_loopback() const {
  if (family == Family::ipv4) return address[0] == 127;
  std::array<std::uint8_t, 16> one{};
  one[15] = 1;
  return address == one;
}

std::string zone_of(std::uint32_t scope_id) {
  if (scope_id == 0) return "";
  char name[IF_NAMESIZE] = {};
  return if_indextoname(scope_id, name) != nullptr ? name : format("{}", scope_id);
}

std::uint32_t Endpoint::scope_id() const { return zone.empty() ? 0 : scope_of(zone); }

bool Endpoint::is_link_local() const {
  return family == Family::ipv6 && address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

std::string to_string(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = {};
  if (endpoint.family == Endpoint::Family::ipv4) {
    inet_ntop(AF_INET, endpoint.address.data(), text, sizeof text);
    return format("{}:{}", text, endpoint.port);
  }
  inet_ntop(AF_INET6, endpoint.address.data(), text, sizeof text);
  if (!endpoint.zone.empty()) return format("[{}%{}]:{}", text, endpoint.zone, endpoint.port);
  return format("[{}]:{}", text, endpoint.port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  auto split = split_port(text);
  if (!split) return std::unexpected(std::move(split.error()));
  Endpoint endpoint;
  if (!parse_address(split->host, endpoint)) {
    return fail(not_an_address(split->host));
  }
  endpoint.port = split->port;
  return endpoint;
}

std::string to_string(const HostPort& host_port) {
  const bool bare_ipv6 = host_port.host.find(':') != std::string::npos;
  return bare_ipv6 ? format("[{}]:{}", host_port.host, host_port.port)
                   : format("{}:{}", host_port.host, host_port.port);
}

Result<HostPort> parse_host_port(std::string_view text) {
  auto split = split_port(text);
  if (!split) return std::unexpected(std::move(split.error()));
  if (split->port == 0) return fail(format("\"{}\" needs a port other than 0", text));
  const bool plausible = std::ranges::none_of(
      split->host, [](unsigned char c) { return c <= ' ' || c == '/' || c == '"'; });
  if (!plausible) return fail(format("\"{}\" is not a host name", split->host));
  return HostPort{std::move(split->host), split->port};
}

}  // namespace longthrow
