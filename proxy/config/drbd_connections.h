// SPDX-License-Identifier: Apache-2.0
// The connections that drbdadm adds with drbd-proxy-ctl, and the links and routes that they become.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "longthrow/config.h"
#include "longthrow/error.h"

namespace longthrow {

// One `add connection`, and what `set` has said of it since. DRBD's two nodes have different names
// for one connection; only the addresses tie them.
struct DrbdConnection {
  Endpoint inside;                        // where the local DRBD connects, as its peer's address
  Endpoint peer_outside;                  // where this node reaches the peer node
  Endpoint outside;                       // where the peer node reaches this node
  Endpoint drbd;                          // where the local DRBD accepts
  std::optional<std::uint64_t> memlimit;  // bytes
  std::optional<std::uint64_t> bandwidth_bytes_s;  // 0: unlimited
  std::vector<std::string> plugins;  // words separated by one space, as they were given
  friend bool operator==(const DrbdConnection&, const DrbdConnection&) = default;

  [[nodiscard]] bool same_addresses(const DrbdConnection& other) const {
    return inside == other.inside && peer_outside == other.peer_outside &&
           outside == other.outside && drbd == other.drbd;
  }
};
using DrbdConnections = std::map<std::string, DrbdConnection>;  // by name

// drbdadm's limit is 250 bytes for a command; names are longer than those of a configuration.
inline constexpr std::size_t kConnectionNameMax = 200;
inline constexpr std::size_t kConnectionsMax = 1000;
inline constexpr std::size_t kPluginsMax = 16;

// What drbd-proxy-ctl asks for.
struct AddConnection {
  std::string name;
  DrbdConnection connection;
};
struct DeleteConnection {
  std::string name;
};
struct SetConnection {
  std::string name;
  std::optional<std::uint64_t> memlimit;
  std::optional<std::uint64_t> bandwidth_bytes_s;
};
struct SetPlugin {
  std::string name;
  std::size_t index = 0;
  std::optional<std::string> plugin;  // none: the list ends before `index`
};
using ConnectionChange = std::variant<AddConnection, DeleteConnection, SetConnection, SetPlugin>;

// A change that has no effect succeeds: adding a connection that is there, deleting one that is
// not, setting a value that is set. On failure nothing has changed.
[[nodiscard]] Result<DrbdConnections> changed(DrbdConnections connections,
                                              const ConnectionChange& change);

// 1 to kConnectionNameMax of [A-Za-z0-9._-].
[[nodiscard]] bool is_connection_name(std::string_view text);

// Where a connection goes.
struct ConnectionPlace {
  enum class Kind : std::uint8_t {
    own,      // a link and a route of its own name
    shared,   // a route of its own name on [drbd-proxy] link
    adopted,  // a configured route with the same addresses
  };
  Kind kind = Kind::own;
  std::string link;
  std::string route;
};
// `files` is the configuration without any connection.
[[nodiscard]] ConnectionPlace place_of(const Config& files, const std::string& name,
                                       const DrbdConnection& connection);

// The compression that plugins ask for. None: automatic. Of several the first one counts: drbdadm
// lists a resource's own plugins before inherited ones. Fails for a plugin that is not known.
[[nodiscard]] Result<CompressionSetting> compression_of(const std::vector<std::string>& plugins);

// The configuration that runs: the files', with a link and a route for each connection that needs
// them. Fails when a connection does not fit: the sentence names it, and what to do.
[[nodiscard]] Result<Config> with_connections(const Config& files,
                                              const DrbdConnections& connections);

}  // namespace longthrow
