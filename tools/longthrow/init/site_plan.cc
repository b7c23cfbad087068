// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/init/site_plan.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "proxy/base/log.h"
#include "proxy/config/options.h"

namespace longthrow::cli {
namespace {

constexpr std::uint16_t kPostgresqlPort = 5432;
constexpr std::string_view kStreamForms =
    "say drbd:RESOURCE:PORT, postgresql, postgresql:NAME:PORT or tcp:NAME:PORT, e.g. drbd:r0:7788";

// The next port is the listener's at the other site.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (port == 0 || port == 65535) return std::nullopt;
  return port;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

std::optional<Software> parse_software(std::string_view text) {
  if (text == "drbd") return Software::drbd;
  if (text == "postgresql" || text == "postgres") return Software::postgresql;
  if (text == "tcp" || text == "other") return Software::tcp;
  return std::nullopt;
}

Result<void> check_address(const SitePlan& plan, Site site) {
  if (!plan.accepts(site) || plan.address_of(site)) return {};
  if (site == Site::here)
    return fail("--address is missing: the peer dials, so it has to know where this site is");
  return fail("--peer-address is missing: this site dials, so it has to know where the peer is");
}

Result<void> check_streams(const SitePlan& plan) {
  if (plan.streams.empty()) return fail(format("nothing is replicated: {}", kStreamForms));
  std::set<std::string> names;
  std::set<std::uint16_t> ports;
  for (const Stream& stream : plan.streams) {
    if (!names.insert(stream.name).second)
      return fail(format("two streams are named {}: give each its own name", stream.name));
    const bool free = stream.software == Software::drbd
                          ? ports.insert(stream.port).second
                          : ports.insert(stream.port).second &&
                                ports.insert(static_cast<std::uint16_t>(stream.port + 1)).second;
    if (!free)
      return fail(format("port {} of {} is used by another stream, or next to one", stream.port,
                         stream.name));
  }
  return {};
}

}  // namespace

bool SitePlan::has_server() const {
  return std::ranges::any_of(
      streams, [](const Stream& stream) { return stream.software != Software::drbd; });
}

Result<Dials> parse_dials(std::string_view text) {
  if (text == "here") return Dials::here;
  if (text == "peer") return Dials::peer;
  if (text == "both") return Dials::both;
  return fail(format("\"{}\" is not here, peer or both", text));
}

Result<Site> parse_site(std::string_view text) {
  if (text == "here") return Site::here;
  if (text == "peer") return Site::peer;
  return fail(format("\"{}\" is not here or peer", text));
}

Result<HostPort> parse_wan_address(const std::string& text) {
  if (text.empty()) return fail("an address is missing, e.g. 192.0.2.1 or dr.example.org");
  const bool bracketed = text.starts_with('[');
  const auto colons = std::ranges::count(text, ':');
  const bool has_port = bracketed ? text.find("]:") != std::string::npos : colons == 1;
  if (!bracketed && colons > 1)
    return fail(format("\"{0}\" looks like IPv6: write [{0}], or with a port [{0}]:{1}", text,
                       kDefaultWanPort));
  return parse_host_port(has_port ? text : format("{}:{}", text, kDefaultWanPort));
}

Result<Stream> parse_stream(std::string_view text) {
  const std::vector<std::string_view> parts = split(text);
  const auto software = parse_software(parts[0]);
  if (!software) return fail(format("\"{}\": {}", text, kStreamForms));
  if (*software == Software::postgresql && parts.size() == 1)
    return Stream{*software, "wal", kPostgresqlPort};
  const bool port_alone = *software == Software::postgresql && parts.size() == 2;
  if (parts.size() != 3 && !port_alone) return fail(format("\"{}\": {}", text, kStreamForms));
  const std::string name(port_alone ? "wal" : parts[1]);
  if (!is_config_name(name)) {
    return fail(format("\"{}\" is no name: 1 to 64 letters, digits, '.', '_' or '-'; {}", name,
                       kStreamForms));
  }
  const auto port = parse_port(parts.back());
  if (!port) return fail(format("\"{}\" is no port from 1 to 65534", parts.back()));
  return Stream{*software, name, *port};
}

Result<std::string> parse_node_name(std::string_view text) {
  if (is_config_name(text)) return std::string(text);
  return fail(format("\"{}\" is no name: 1 to 64 letters, digits, '.', '_' or '-'", text));
}

Result<void> check_plan(const SitePlan& plan) {
  if (plan.name == plan.peer_name)
    return fail(format("both sites are named {}: each needs a name of its own", plan.name));
  for (const Site site : {Site::here, Site::peer}) {
    if (Result<void> good = check_address(plan, site); !good) return good;
  }
  return check_streams(plan);
}

}  // namespace longthrow::cli
