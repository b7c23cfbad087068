// SPDX-License-Identifier: Apache-2.0
// Connections of drbd-proxy-ctl as JSON, and the file that keeps them beyond a restart.
#pragma once

#include <string>
#include <string_view>

#include "proxy/config/drbd_connections.h"
#include "proxy/control/json.h"

namespace longthrow::control {

[[nodiscard]] json::object connection_to_json(const DrbdConnection& connection);
[[nodiscard]] Result<DrbdConnection> connection_from_json(const json::object& object);

// STATE_DIR/connections.json, see connections_file(). No file: no connections. A file that cannot
// be understood is an error that says what to do. Blocks on the disk.
[[nodiscard]] Result<DrbdConnections> load_connections(const std::string& state_dir);
// save_connections is atomic and durable: after a crash the file has the old connections, or these.
[[nodiscard]] std::string connections_file(const std::string& state_dir);
[[nodiscard]] Result<void> save_connections(const std::string& state_dir,
                                            const DrbdConnections& connections);

}  // namespace longthrow::control
