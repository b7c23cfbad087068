// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/init/site_files.h"

#include "proxy/base/log.h"
#include "proxy/config/document.h"
#include "proxy/config/units.h"

namespace longthrow::cli {
namespace {

std::string line(std::string_view key, const std::string& value) {
  return format("{:<8} = {}\n", key, quote_toml(value));
}

// "[route.wal]"; a dot within a name would be read as a table of its own.
std::string header(std::string_view section, const std::string& name) {
  const bool bare = name.find('.') == std::string::npos;
  return format("[{}.{}]\n", section, bare ? name : quote_toml(name));
}

std::string link_text(const SitePlan& plan, Site site) {
  std::string text = header("link", plan.name_of(other(site)));
  if (plan.accepts(site)) text += line("listen", wan_listen(*plan.address_of(site)));
  if (plan.accepts(other(site))) text += line("connect", to_string(*plan.address_of(other(site))));
  text += line("memlimit", show_size(plan.memlimit));
  return text + format("tls      = {{ psk_file = {} }}\n", quote_toml(key_file_name(plan)));
}

std::string route_text(const SitePlan& plan, Site site, const Stream& stream) {
  std::string text = "\n" + header("route", stream.name);
  text += line("link", plan.name_of(other(site)));
  const RoutePorts ports = ports_of(plan, site, stream);
  if (ports.listen != 0) text += line("listen", format("{}:{}", listen_host(stream), ports.listen));
  if (ports.target != 0) text += line("target", format("127.0.0.1:{}", ports.target));
  if (stream.software == Software::drbd) text += line("protocol", "drbd");
  return text;
}

}  // namespace

std::string key_file_name(const SitePlan& plan) {
  return plan.name < plan.peer_name ? format("{}-{}.psk", plan.name, plan.peer_name)
                                    : format("{}-{}.psk", plan.peer_name, plan.name);
}

RoutePorts ports_of(const SitePlan& plan, Site site, const Stream& stream) {
  if (stream.software == Software::drbd) return {.listen = stream.port, .target = stream.port};
  if (plan.server == site) return {.target = stream.port};
  return {.listen = static_cast<std::uint16_t>(stream.port + 1)};
}

std::string listen_host(const Stream& stream) {
  return stream.software == Software::drbd ? "127.0.0.2" : "127.0.0.1";
}

// A name says nothing about the address of this host behind it, which may also be that of a router.
std::string wan_listen(const HostPort& address) {
  const std::string text = to_string(address);
  return parse_endpoint(text) ? text : format("0.0.0.0:{}", address.port);
}

std::string config_text(const SitePlan& plan, Site site) {
  std::string text = format(
      "# Written by `longthrow init`. Every key: longthrow.toml(5), `longthrowd --help-config`.\n"
      "# Names of nodes and routes are the same at {} and {}; the link is named after the peer.\n",
      plan.name, plan.peer_name);
  text += format("[node]\n{}\n", line("name", plan.name_of(site)));
  text += link_text(plan, site);
  for (const Stream& stream : plan.streams) text += route_text(plan, site, stream);
  return text;
}

}  // namespace longthrow::cli
