// SPDX-License-Identifier: Apache-2.0
// The simulated network: hosts, the paths between them, and sockets with non-blocking calls, driven
// by a SimWorld. Programs of a simulation use it directly (tests/sim/application.h) or as a Loop
// (tests/sim/sim_loop.h).
//
// A path between two hosts has latency, a bandwidth that all its connections share, and an endless
// queue. Each direction of a connection is first in, first out; different connections may overtake
// each other.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "longthrow/endpoint.h"
#include "tests/sim/tcp_endpoint.h"
#include "tests/sim/world.h"

namespace longthrow::sim {

using HostId = int;
// A socket. Never reused; 0 is none.
using NetId = std::int64_t;
inline constexpr NetId kNoNet = 0;
using ConnectionId = std::int64_t;

struct PathOptions {
  Duration latency_min = std::chrono::microseconds(50);
  Duration latency_mean = std::chrono::microseconds(100);  // exponential above the minimum
  std::uint64_t bandwidth_bytes_s = 0;                     // each way; 0: endless
  double spike_ratio = 0;                                  // segments that take `spike` longer
  Duration spike = std::chrono::milliseconds(100);
};

// Ranges from which each socket draws its own sizes.
struct NetworkOptions {
  std::size_t send_buffer_bytes_min = 16 * kKiB;
  std::size_t send_buffer_bytes_max = 1 * kMiB;
  std::size_t receive_buffer_bytes_min = 16 * kKiB;
  std::size_t receive_buffer_bytes_max = 1 * kMiB;
  std::size_t segment_bytes_max = 32 * kKiB;
  std::size_t lane_notsent_lowat_bytes = 128 * kKiB;
  double fragment_ratio = 0.0;  // reads that return less than is there, down to one byte
  Duration give_up_after = std::chrono::seconds(924);
};

// Told of readiness from the world's events, never from inside a call. Outlives its sockets, or is
// taken off them.
class SocketWatcher {
 public:
  virtual void on_ready(NetId socket, unsigned readiness) = 0;

 protected:
  ~SocketWatcher() = default;
};

class SimNetwork {
 public:
  SimNetwork(SimWorld& world, NetworkOptions options);
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  [[nodiscard]] SimWorld& world() { return world_; }
  // May be changed at any time; sockets made before keep their sizes.
  NetworkOptions& options() { return options_; }

  // --- hosts and paths ---
  // `address` is a numeric IPv4 address. 127.0.0.1 and 0.0.0.0 work on every host.
  HostId add_host(const std::string& name, const std::string& address);
  [[nodiscard]] Endpoint endpoint(HostId host, std::uint16_t port) const;
  // Both directions. REQUIRES: from != to (a host reaches itself in some 20 us).
  void set_path(HostId from, HostId to, const PathOptions& options);

  // --- sockets; results are >= 0 or -errno ---
  [[nodiscard]] Result<NetId> listen(HostId host, Endpoint local, const ListenOptions& options);
  [[nodiscard]] Result<NetId> connect(HostId host, Endpoint remote, const ConnectOptions& options);
  [[nodiscard]] NetId accept(NetId listener);  // -EAGAIN: none
  [[nodiscard]] int read(NetId socket, ByteSpan into);
  [[nodiscard]] int write(NetId socket, ByteView bytes);
  bool shutdown_send(NetId socket);  // false: it is dead already
  // A connection or a listener. True when the end is a FIN, false when it is a reset.
  bool close(NetId socket, CloseMode mode);
  // What the kernel does for a killed process: by SO_LINGER.
  void close_dead(NetId socket);
  [[nodiscard]] int take_error(NetId socket);  // SO_ERROR, <= 0
  [[nodiscard]] bool readable(NetId socket) const;
  [[nodiscard]] bool connecting(NetId socket) const;
  [[nodiscard]] SocketStats stats(NetId socket) const;
  [[nodiscard]] std::uint64_t acknowledged_bytes(NetId socket) const;
  [[nodiscard]] bool has_ended(
      NetId socket) const;  // its program has ended its direction, or it is gone
  // The live end of a connection that has these addresses; kNoNet: there is none.
  [[nodiscard]] NetId find_socket(const Endpoint& local, const Endpoint& remote) const;
  [[nodiscard]] Result<Endpoint> local_endpoint(NetId socket) const;
  [[nodiscard]] Result<Endpoint> remote_endpoint(NetId socket) const;
  // SO_LINGER off: a death of the process ends it with a FIN.
  void linger_off(NetId socket);
  // SO_KEEPALIVE: notices a dead peer within some 70 s. Lanes have it from the start.
  void keep_alive(NetId socket);
  // Tells `watcher` also of what is ready already. nullptr: nobody.
  void watch(NetId socket, SocketWatcher* watcher);

  // --- faults ---
  // Drops everything between two hosts until `until` (of this direction only).
  void cut_one_way(HostId from, HostId to, TimePoint until);
  void cut(HostId a, HostId b, TimePoint until);
  [[nodiscard]] bool is_cut(HostId from, HostId to) const;
  // Connections with both ends alive between two hosts, oldest first.
  [[nodiscard]] std::vector<ConnectionId> connections_between(HostId a, HostId b) const;
  void reset_connection(ConnectionId connection);            // RST to both ends
  void blackhole(ConnectionId connection, TimePoint until);  // drops it, tells nobody
  void clog(ConnectionId connection, int direction,
            TimePoint until);  // delays; 0: from the dialler
  // Of the next bytes that arrive in that direction one bit is turned, and no checksum of TCP sees
  // it. `which`: any number.
  void turn_bit(ConnectionId connection, int direction, std::uint64_t which);
  // Share of connection attempts that `host` refuses.
  void refuse_connects(HostId host, double ratio);
  // Machine death: all its sockets vanish, packets to it are dropped. Then power_on: it knows
  // nothing.
  void power_off(HostId host);
  void power_on(HostId host);
  // Ends all cuts, black holes, clogs, refusals and bits still to be turned. Paths keep their
  // options.
  void heal();

  struct Counters {
    std::uint64_t segments = 0;
    std::uint64_t segments_dropped = 0;
    std::uint64_t bytes_delivered = 0;
    std::uint64_t resets_seen = 0;
    std::uint64_t connections = 0;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }
  // Live connection ends and listeners on a host, orphans included: for leak checks.
  [[nodiscard]] std::size_t sockets_on(HostId host) const;

 private:
  struct Host;
  struct Path;
  struct Side;
  struct Connection;
  struct Listener;
  struct Packet;

  [[nodiscard]] TcpOptions draw_options(SocketUse use);
  [[nodiscard]] HostId find_host(const Endpoint& address, HostId from) const;
  [[nodiscard]] Listener* find_listener(HostId host, const Endpoint& local) const;
  [[nodiscard]] Connection* find_connection(NetId socket) const;
  [[nodiscard]] TcpEndpoint* find_endpoint(NetId socket) const;
  [[nodiscard]] Listener* listener(NetId socket) const;
  [[nodiscard]] Side* find_side(NetId socket) const;
  [[nodiscard]] Path& path(HostId from, HostId to);
  [[nodiscard]] bool dropped(const Connection& connection, int from_side) const;
  [[nodiscard]] std::uint16_t ephemeral_port(Host& host);
  void send(Connection& connection, int side, Segment segment);
  void deliver(ConnectionId id, int from_side, std::uint32_t packet);
  void damage(Connection& connection, int from_side, Segment& segment);
  void deliver_to_listener(Connection& connection, const Segment& segment);
  void answer_for_dead(Connection& connection, int side, const Segment& segment);
  void settle(NetId socket, bool from_event);
  void arm(Connection& connection, int side);
  void on_timer(NetId socket);
  void end_handshake(Connection& connection);
  void notify_later(NetId socket, unsigned readiness);
  void drop_endpoint(Connection& connection, int side);
  void close_listener(NetId listener);
  void forget_if_dead(ConnectionId id);

  SimWorld& world_;
  NetworkOptions options_;
  RandomStream latency_random_;
  RandomStream option_random_;
  RandomStream fragment_random_;
  RandomStream refuse_random_;
  std::vector<Host> hosts_;
  std::map<std::pair<HostId, HostId>, Path> paths_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by ConnectionId; null once dead
  std::map<NetId, std::unique_ptr<Listener>> listeners_;
  std::vector<Segment> packets_;  // under way, in reusable slots
  std::vector<std::uint32_t> free_packets_;
  NetId next_listener_;
  Counters counters_;
};

}  // namespace longthrow::sim
