// SPDX-License-Identifier: Apache-2.0
// The tables of SimNetwork, for its own source files only.
#pragma once

#include <optional>

#include "tests/sim/network.h"

namespace longthrow::sim {

// NetIds of connections are 2 * (ConnectionId + 1) + side; those of listeners begin far above.
inline constexpr NetId kFirstListener = NetId{1} << 40;
inline NetId socket_of(ConnectionId id, int side) { return 2 * (id + 1) + side; }
inline ConnectionId connection_of(NetId socket) { return socket / 2 - 1; }
inline int side_of(NetId socket) { return static_cast<int>(socket % 2); }

struct SimNetwork::Host {
  std::string name;
  Endpoint address;
  bool powered = true;
  double refuse_ratio = 0;
  std::uint16_t next_port = 32768;
};

struct SimNetwork::Path {
  PathOptions options;
  TimePoint busy_until{};
  TimePoint cut_until{};
};

// One end of a connection, and the direction of travel that begins there.
struct SimNetwork::Side {
  HostId host = -1;
  Endpoint address;
  std::unique_ptr<TcpEndpoint> endpoint;  // null: not yet, or no more
  SocketWatcher* watcher = nullptr;
  TimePoint last_arrival{};
  TimePoint clogged_until{};
  std::optional<std::uint64_t> turned_bit;  // of the next payload, modulo its size
  EventId timer;
  TimePoint timer_at = kNever;
  std::optional<std::uint64_t> final_acknowledgement;  // TIME_WAIT
};

struct SimNetwork::Connection {
  ConnectionId id = 0;
  Side sides[2];        // 0 dialled
  NetId listener = 0;   // not yet accepted: waits there
  bool queued = false;  // there, established
  bool reached_listener = false;
  TimePoint blackhole_until{};
  int packets_under_way = 0;
};

struct SimNetwork::Listener {
  NetId id = 0;
  HostId host = -1;
  Endpoint local;
  ListenOptions options;
  std::deque<NetId> ready;
  int handshaking = 0;
  SocketWatcher* watcher = nullptr;
};

}  // namespace longthrow::sim
