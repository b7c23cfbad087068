// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/drbd_connections.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <sstream>

#include "proxy/base/checksum.h"
#include "proxy/base/log.h"
#include "proxy/config/options.h"
#include "proxy/config/relations.h"
#include "proxy/config/units.h"

namespace longthrow {
namespace {

// What both nodes call the only route of a connection's own link.
constexpr const char* kOwnWireName = "drbd";
constexpr int kZstdLevelMax = 19;

bool same_host(const Endpoint& a, const Endpoint& b) {
  return a.family == b.family && a.address == b.address && a.zone == b.zone;
}

// A name may lead to any host: it is resolved when dialled.
bool may_be_at(const HostPort& where, const Endpoint& host) {
  const auto numeric = parse_endpoint(to_string(where));
  return !numeric || same_host(*numeric, host);
}

bool leads_between(const LinkConfig& link, const Endpoint& here, const Endpoint& peer) {
  const auto leaves_from = [&](const std::optional<Endpoint>& own) {
    return !own || is_wildcard(*own) || same_host(*own, here);
  };
  const bool reaches =
      link.connect.empty() ||
      std::ranges::any_of(link.connect, [&](const auto& to) { return may_be_at(to, peer); });
  return reaches && leaves_from(link.listen) && leaves_from(link.source);
}

bool is_adopted(const LinkConfig& link, const RouteConfig& route, const DrbdConnection& wanted) {
  const auto at = [](const HostPort& where, const Endpoint& endpoint) {
    return to_string(where) == to_string(endpoint);
  };
  return route.listen == wanted.inside && route.target && at(*route.target, wanted.drbd) &&
         link.listen == wanted.outside && std::ranges::any_of(link.connect, [&](const auto& to) {
           return at(to, wanted.peer_outside);
         });
}

// A name that both ends derive alike, whatever they call the connection.
std::string shared_wire_name(const DrbdConnection& connection) {
  const auto [low, high] = std::minmax(connection.outside, connection.peer_outside);
  const std::string both = to_string(low) + " " + to_string(high);
  return format("drbd.{:016x}", checksum64(std::as_bytes(std::span(both)), 0));
}

struct PluginWords {
  std::string name;
  int level = 0;  // 0: not said
};

// "zstd level 7"; LINBIT's own tests write "levels".
PluginWords read_plugin(const std::string& plugin) {
  std::istringstream words(plugin);
  PluginWords out;
  words >> out.name;
  std::string key;
  std::string value;
  while (words >> key) {
    if (key != "level" && key != "levels") continue;
    if (!(words >> value)) break;
    std::from_chars(value.data(), value.data() + value.size(), out.level);
  }
  return out;
}

CompressionSetting fixed(CodecId id, int level) {
  return {.automatic = false, .fixed = {.id = id, .level = level}};
}

LinkConfig own_link(const DrbdProxyConfig& defaults, const DrbdConnection& connection,
                    const CompressionSetting& compression) {
  LinkConfig link;
  assign_defaults(Section::link, &link);
  link.listen = connection.outside;
  link.connect = {*parse_host_port(to_string(connection.peer_outside))};
  link.memlimit = connection.memlimit.value_or(defaults.memlimit);
  link.compression = compression;
  link.bandwidth_bytes_s = connection.bandwidth_bytes_s.value_or(0);
  link.tls = *defaults.tls;
  return link;
}

RouteConfig own_route(const std::string& name, const ConnectionPlace& place,
                      const DrbdConnection& connection) {
  const bool shared = place.kind == ConnectionPlace::Kind::shared;
  RouteConfig route;
  assign_defaults(Section::route, &route);
  route.link = place.link;
  route.listen = connection.inside;
  route.target = *parse_host_port(to_string(connection.drbd));
  route.protocol = RouteProtocol::drbd;
  route.group = name;
  route.wire_name = shared ? shared_wire_name(connection) : kOwnWireName;
  return route;
}

Result<void> add_connection(Config& config, const Config& files, const std::string& name,
                            const DrbdConnection& connection) {
  const ConnectionPlace place = place_of(files, name, connection);
  if (place.kind == ConnectionPlace::Kind::adopted) return {};
  const bool taken = files.routes.contains(name) || files.groups.contains(name) ||
                     (place.kind == ConnectionPlace::Kind::own && files.links.contains(name));
  if (taken) {
    return fail(
        format("\"{}\" is the name of a link, route or group of the configuration already, "
               "with other addresses; rename that one",
               name));
  }
  if (place.kind == ConnectionPlace::Kind::own) {
    if (!files.drbd_proxy.tls) {
      return fail(
          "longthrowd does not know how the peer is to prove who it is: write\n"
          "    [drbd-proxy]\n"
          "    tls = { psk_file = \"/etc/longthrow/drbd.psk\" }\n"
          "into longthrow.toml at both nodes, make the file with `longthrow genkey -o "
          "/etc/longthrow/drbd.psk` at one, copy it to the other, and run `longthrow reload`");
    }
    const auto compression = compression_of(connection.plugins);
    if (!compression) return std::unexpected(compression.error());
    config.links.emplace(name, own_link(files.drbd_proxy, connection, *compression));
  }
  config.routes.emplace(name, own_route(name, place, connection));
  config.groups.emplace(name, GroupConfig{});
  return {};
}

// The places in the text that the checks of a configuration ask for.
Origins origins_of(const Config& config, const Config& files) {
  Origins origins;
  origins.add("", {"the configuration", 0});
  const auto add_table = [&](const std::string& path, const std::string& name, bool from_file,
                             std::initializer_list<const char*> keys) {
    const Origin origin{from_file ? "the configuration" : "connection " + name, 0};
    origins.add(path, origin);
    for (const char* key : keys) origins.add(path + key, origin);
  };
  for (const auto& [name, link] : config.links) {
    const std::string path = "link." + name;
    add_table(path, name, files.links.contains(name), {".listen", ".tls"});
    if (std::holds_alternative<PskTls>(link.tls)) origins.add(path + ".tls.psk_file", {});
    if (!std::holds_alternative<CertificateTls>(link.tls)) continue;
    for (const char* key : {".tls.cert", ".tls.key", ".tls.ca", ".tls.peer_name"}) {
      origins.add(path + key, {});
    }
  }
  for (const auto& [name, route] : config.routes) {
    add_table("route." + name, name, files.routes.contains(name), {".link", ".listen"});
  }
  return origins;
}

Result<void> check_all(const Config& config, const Config& files) {
  const Origins origins = origins_of(config, files);
  Report report;
  check_links(config, origins, report);
  check_tls(config, origins, report);
  check_routes(config, origins, report);
  check_groups(config, origins, report);
  check_listeners(config, origins, report);
  if (!report.has_errors()) return {};
  const ConfigError first = report.take_errors().front();
  return fail(format("{}: {}", first.key, first.message));
}

}  // namespace

bool is_connection_name(std::string_view text) {
  constexpr std::size_t kPiece = 64;
  if (text.empty() || text.size() > kConnectionNameMax) return false;
  for (std::size_t at = 0; at < text.size(); at += kPiece) {
    if (!is_config_name(text.substr(at, kPiece))) return false;
  }
  return true;
}

ConnectionPlace place_of(const Config& files, const std::string& name,
                         const DrbdConnection& connection) {
  for (const auto& [route_name, route] : files.routes) {
    const auto link = files.links.find(route.link);
    if (link != files.links.end() && is_adopted(link->second, route, connection)) {
      return {ConnectionPlace::Kind::adopted, route.link, route_name};
    }
  }
  const auto shared = files.links.find(files.drbd_proxy.link);
  if (shared != files.links.end() &&
      leads_between(shared->second, connection.outside, connection.peer_outside)) {
    return {ConnectionPlace::Kind::shared, shared->first, name};
  }
  return {ConnectionPlace::Kind::own, name, name};
}

Result<CompressionSetting> compression_of(const std::vector<std::string>& plugins) {
  // Data is compressed once. drbdadm lists a resource's own plugins first and those of `common`
  // behind them: it puts inherited ones in front one by one, and does that twice (expand_opts(),
  // drbd-utils 9.22 and later). So the first one counts.
  std::optional<CompressionSetting> first;
  for (const std::string& plugin : plugins) {
    CompressionSetting setting;
    const auto [name, level] = read_plugin(plugin);
    const auto level_or = [&](int usual) { return level > 0 ? level : usual; };
    if (name == "zstd") {
      setting = fixed(CodecId::zstd, std::min(level_or(3), kZstdLevelMax));
    } else if (name == "zlib") {
      setting = fixed(CodecId::zstd, std::min(level_or(2), 9));
    } else if (name == "lzma") {
      setting = fixed(CodecId::zstd, std::min(9 + level_or(4), kZstdLevelMax));
    } else if (name == "lz4") {
      setting = fixed(CodecId::lz4, 0);
    } else if (name == "noop" || (name == "debug" && plugins.size() == 1)) {
      setting = fixed(CodecId::none, 0);
    } else if (name == "debug") {
      continue;
    } else {
      return fail(
          format("there is no plugin \"{}\"; there are zstd [level 1..22], zlib "
                 "[level 1..9], lzma [level 1..9], lz4 and noop",
                 name.substr(0, 40)));
    }
    if (!first) first = setting;
  }
  return first.value_or(CompressionSetting{});
}

namespace {

struct Change {
  DrbdConnections& connections;

  Result<void> operator()(const AddConnection& add) const {
    if (!is_connection_name(add.name)) {
      return fail(format("\"{}\" is not a name: 1 to {} letters, digits, '.', '_' or '-'",
                         add.name.substr(0, 80), kConnectionNameMax));
    }
    const auto [place, is_new] = connections.try_emplace(add.name, add.connection);
    if (is_new) {
      if (connections.size() <= kConnectionsMax) return {};
      return fail(format("more than {} connections", kConnectionsMax));
    }
    DrbdConnection& old = place->second;
    if (!old.same_addresses(add.connection)) {
      return fail(format(
          "there is a connection {} with other addresses ({} {} {} {}): `drbd-proxy-ctl -c \"del "
          "connection {}\"` removes it. drbdadm of drbd-utils 9.34 and older gives two "
          "connections of one resource the same name where a proxy host of its own serves both; "
          "write those two as routes into longthrow.toml",
          add.name, to_string(old.inside), to_string(old.peer_outside), to_string(old.outside),
          to_string(old.drbd), add.name));
    }
    if (add.connection.memlimit) old.memlimit = add.connection.memlimit;
    if (add.connection.bandwidth_bytes_s) old.bandwidth_bytes_s = add.connection.bandwidth_bytes_s;
    return {};
  }
  // drbdadm deletes before it adds, without knowing whether there is one.
  Result<void> operator()(const DeleteConnection& remove) const {
    connections.erase(remove.name);
    return {};
  }
  Result<void> operator()(const SetConnection& set) const {
    const auto found = connections.find(set.name);
    if (found == connections.end()) return unknown(set.name);
    if (set.memlimit) found->second.memlimit = set.memlimit;
    if (set.bandwidth_bytes_s) found->second.bandwidth_bytes_s = set.bandwidth_bytes_s;
    return {};
  }
  Result<void> operator()(const SetPlugin& set) const {
    const auto found = connections.find(set.name);
    if (found == connections.end()) return unknown(set.name);
    auto& plugins = found->second.plugins;
    if (!set.plugin) {
      plugins.resize(std::min(plugins.size(), set.index));
      return {};
    }
    if (set.index < plugins.size()) {
      plugins[set.index] = *set.plugin;
    } else if (plugins.size() < kPluginsMax) {
      plugins.push_back(*set.plugin);
    } else {
      return fail(format("more than {} plugins", kPluginsMax));
    }
    const auto compression = compression_of(plugins);
    return compression ? Result<void>{} : std::unexpected(compression.error());
  }

 private:
  [[nodiscard]] static Result<void> unknown(const std::string& name) {
    return fail(format("there is no connection \"{}\": add it first (drbdadm proxy-up RESOURCE)",
                       name.substr(0, 80)));
  }
};

}  // namespace

Result<DrbdConnections> changed(DrbdConnections connections, const ConnectionChange& change) {
  if (auto done = std::visit(Change{connections}, change); !done) {
    return std::unexpected(done.error());
  }
  return connections;
}

Result<Config> with_connections(const Config& files, const DrbdConnections& connections) {
  if (connections.empty()) return files;
  Config config = files;
  const auto memlimit_max = static_cast<std::uint64_t>(find_option(Section::link, "memlimit")->max);
  const Option& bandwidth = *find_option(Section::link, "bandwidth");
  const auto bandwidth_min = static_cast<std::uint64_t>(bandwidth.min);
  const auto bandwidth_max = static_cast<std::uint64_t>(bandwidth.max);
  for (const auto& [name, connection] : connections) {
    const std::uint64_t memlimit = connection.memlimit.value_or(kMemlimitMin);
    if (memlimit < kMemlimitMin || memlimit > memlimit_max) {
      return fail(format("connection {}: memlimit is from {} to {}", name, show_size(kMemlimitMin),
                         show_size(memlimit_max)));
    }
    const std::uint64_t rate = connection.bandwidth_bytes_s.value_or(0);
    if (rate != 0 && (rate < bandwidth_min || rate > bandwidth_max)) {
      return fail(format("connection {}: bwlimit is 0 (no limit), or from {} to {} bytes a second",
                         name, bandwidth_min, bandwidth_max));
    }
    if (auto added = add_connection(config, files, name, connection); !added) {
      return fail(format("connection {}: {}", name, added.error().message));
    }
  }
  if (auto checked = check_all(config, files); !checked) return std::unexpected(checked.error());
  return config;
}

}  // namespace longthrow
