// SPDX-License-Identifier: Apache-2.0
// Requests of the control protocol (docs/CONTROL.md): from JSON to the node's commands. The daemon
// parses requests here, and tools check here what they are about to send.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "longthrow/node.h"
#include "proxy/config/drbd_connections.h"
#include "proxy/control/json.h"

namespace longthrow::control {

struct StatusRequest {};
struct ReloadRequest {
  bool dry_run = false;
};
struct NodeRequest {
  Command command;
  bool save = false;       // set: keep it beyond a restart
  std::string value_text;  // set: the value as the configuration file would have it
};
// The history of events.
struct EventsRequest {
  std::string link;                    // "": all
  std::string group;                   // "": all
  std::optional<WallTime> since;       // only events from then on; not beside `within`
  std::optional<Duration> within;      // only events no older than this
  std::uint64_t after = 0;             // only numbers above it
  std::optional<std::uint64_t> limit;  // only the newest ones
};
struct TraceRequest {};        // writes the trace, and says where it is
struct ConnectionsRequest {};  // lists those of drbd-proxy-ctl
using Request = std::variant<StatusRequest, ReloadRequest, NodeRequest, EventsRequest, TraceRequest,
                             ConnectionsRequest, ConnectionChange>;

// The error is a sentence for people: what is wrong with the request and what would be right.
[[nodiscard]] Result<Request> parse_request(const json::object& request);
// The same for one line of the protocol.
[[nodiscard]] Result<Request> parse_request_line(std::string_view line);

// True for commands without a time limit, which report progress (drain, pause --drain, takeover).
// When the asker goes away they are told so: see Task::abandon.
[[nodiscard]] bool is_long(const Command& command);

}  // namespace longthrow::control
