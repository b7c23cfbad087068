// SPDX-License-Identifier: Apache-2.0
// The socket calls of the simulated network.
#include <algorithm>
#include <utility>

#include "tests/sim/network.h"
#include "tests/sim/network_state.h"

namespace longthrow::sim {
namespace {
bool is_any(const Endpoint& endpoint) { return endpoint.address == decltype(endpoint.address){}; }
}  // namespace

// --- look-up ---

SimNetwork::Connection* SimNetwork::find_connection(NetId socket) const {
  const ConnectionId id = connection_of(socket);
  const bool known = id >= 0 && static_cast<std::size_t>(id) < connections_.size();
  return known ? connections_[static_cast<std::size_t>(id)].get() : nullptr;
}
SimNetwork::Side* SimNetwork::find_side(NetId socket) const {
  Connection* connection = find_connection(socket);
  return connection != nullptr ? &connection->sides[side_of(socket)] : nullptr;
}
TcpEndpoint* SimNetwork::find_endpoint(NetId socket) const {
  const Side* side = find_side(socket);
  return side != nullptr ? side->endpoint.get() : nullptr;
}
SimNetwork::Listener* SimNetwork::listener(NetId socket) const {
  const auto found = listeners_.find(socket);
  return found != listeners_.end() ? found->second.get() : nullptr;
}
SimNetwork::Listener* SimNetwork::find_listener(HostId host, const Endpoint& local) const {
  for (const auto& [id, candidate] : listeners_) {
    if (candidate->host == host && candidate->local.port == local.port &&
        (is_any(candidate->local) || is_any(local) || candidate->local == local)) {
      return candidate.get();
    }
  }
  return nullptr;
}
HostId SimNetwork::find_host(const Endpoint& address, HostId from) const {
  if (address.is_loopback()) return from;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (hosts_[i].address.address == address.address) return static_cast<HostId>(i);
  }
  return -1;
}
std::uint16_t SimNetwork::ephemeral_port(Host& host) {
  const std::uint16_t port = host.next_port;
  host.next_port = port == 60999 ? std::uint16_t{32768} : static_cast<std::uint16_t>(port + 1);
  return port;
}

TcpOptions SimNetwork::draw_options(SocketUse use) {
  TcpOptions options;
  options.send_buffer_bytes =
      option_random_.log_between(options_.send_buffer_bytes_min, options_.send_buffer_bytes_max);
  options.receive_buffer_bytes = option_random_.log_between(options_.receive_buffer_bytes_min,
                                                            options_.receive_buffer_bytes_max);
  options.segment_bytes_max = options_.segment_bytes_max;
  options.give_up_after = options_.give_up_after;
  options.reset_on_death = use == SocketUse::leg;
  options.keep_alive = use == SocketUse::lane;
  if (use == SocketUse::lane) options.notsent_lowat_bytes = options_.lane_notsent_lowat_bytes;
  return options;
}

// --- listening and connecting ---

Result<NetId> SimNetwork::listen(HostId host, Endpoint local, const ListenOptions& options) {
  Host& self = hosts_.at(static_cast<std::size_t>(host));
  if (local.port == 0) {
    do local.port = ephemeral_port(self);
    while (find_listener(host, local) != nullptr);
  } else if (find_listener(host, local) != nullptr) {
    return fail("address already in use", EADDRINUSE);
  }
  const NetId id = next_listener_++;
  auto created = std::make_unique<Listener>();
  created->id = id;
  created->host = host;
  created->local = local;
  created->options = options;
  listeners_.emplace(id, std::move(created));
  return id;
}

Result<NetId> SimNetwork::connect(HostId host, Endpoint remote, const ConnectOptions& options) {
  Host& self = hosts_.at(static_cast<std::size_t>(host));
  Endpoint local = remote.is_loopback() ? remote : self.address;
  if (options.source.has_value() && !is_any(*options.source)) {
    if (find_host(*options.source, host) != host) {
      return fail("cannot assign requested address", EADDRNOTAVAIL);
    }
    local = *options.source;
  }
  local.port = ephemeral_port(self);
  const auto id = static_cast<ConnectionId>(connections_.size());
  auto connection = std::make_unique<Connection>();
  connection->id = id;
  connection->sides[0].host = host;
  connection->sides[0].address = local;
  connection->sides[0].endpoint =
      std::make_unique<TcpEndpoint>(draw_options(options.use), true, world_.now());
  connection->sides[1].host = find_host(remote, host);
  connection->sides[1].address = remote;
  connections_.push_back(std::move(connection));
  ++counters_.connections;
  settle(socket_of(id, 0), false);
  return socket_of(id, 0);
}

void SimNetwork::deliver_to_listener(Connection& connection, const Segment& segment) {
  Side& self = connection.sides[1];
  Listener* target = find_listener(self.host, self.address);
  const Host& host = hosts_[static_cast<std::size_t>(self.host)];
  if (target == nullptr || refuse_random_.chance(host.refuse_ratio)) {
    Segment refusal;
    refusal.rst = true;
    return send(connection, 1, std::move(refusal));
  }
  const int waiting = target->handshaking + static_cast<int>(target->ready.size());
  if (waiting > target->options.backlog) return;  // dropped: the dialler tries again
  connection.reached_listener = true;
  connection.listener = target->id;
  ++target->handshaking;
  self.endpoint =
      std::make_unique<TcpEndpoint>(draw_options(target->options.use), false, world_.now());
  self.endpoint->on_segment(world_.now(), segment);
}

NetId SimNetwork::accept(NetId socket) {
  Listener* self = listener(socket);
  if (self == nullptr) return -EBADF;
  while (!self->ready.empty()) {
    const NetId accepted = self->ready.front();
    self->ready.pop_front();
    if (find_endpoint(accepted) == nullptr) continue;
    find_connection(accepted)->listener = 0;
    return accepted;
  }
  return -EAGAIN;
}

// --- data ---

int SimNetwork::read(NetId socket, ByteSpan into) {
  TcpEndpoint* endpoint = find_endpoint(socket);
  if (endpoint == nullptr) return -EBADF;
  const std::size_t most = std::min(into.size(), endpoint->unread_bytes());
  if (most > 1 && fragment_random_.chance(options_.fragment_ratio)) {
    into = into.first(fragment_random_.log_between(1, most));
  }
  const int result = endpoint->read(into);
  world_.trace("net.read", static_cast<std::uint64_t>(socket), static_cast<std::uint64_t>(result));
  settle(socket, false);
  return result;
}

int SimNetwork::write(NetId socket, ByteView bytes) {
  TcpEndpoint* endpoint = find_endpoint(socket);
  if (endpoint == nullptr) return -EBADF;
  const int result = endpoint->write(bytes);
  world_.trace("net.write", static_cast<std::uint64_t>(socket), static_cast<std::uint64_t>(result));
  settle(socket, false);
  return result;
}

bool SimNetwork::shutdown_send(NetId socket) {
  TcpEndpoint* endpoint = find_endpoint(socket);
  if (endpoint == nullptr) return false;
  const bool queued = endpoint->shutdown_send();
  settle(socket, false);
  return queued;
}

bool SimNetwork::close(NetId socket, CloseMode mode) {
  if (listener(socket) != nullptr) {
    close_listener(socket);
    return true;
  }
  TcpEndpoint* endpoint = find_endpoint(socket);
  if (endpoint == nullptr) return false;
  find_side(socket)->watcher = nullptr;
  const bool clean = endpoint->close(world_.now(), mode);
  world_.trace("net.close", static_cast<std::uint64_t>(socket), clean ? 1 : 0);
  settle(socket, false);
  return clean;
}

void SimNetwork::close_dead(NetId socket) {
  const TcpEndpoint* endpoint = find_endpoint(socket);
  const bool reset = endpoint != nullptr && endpoint->options().reset_on_death;
  (void)close(socket, reset ? CloseMode::reset : CloseMode::graceful);
}

void SimNetwork::close_listener(NetId socket) {
  const auto node = listeners_.extract(socket);
  for (auto& connection : connections_) {
    if (!connection || connection->listener != socket) continue;
    connection->listener = 0;
    (void)close(socket_of(connection->id, 1), CloseMode::reset);
  }
}

// --- what the kernel knows ---

int SimNetwork::take_error(NetId socket) {
  TcpEndpoint* endpoint = find_endpoint(socket);
  return endpoint != nullptr ? endpoint->take_error() : -EBADF;
}
bool SimNetwork::readable(NetId socket) const {
  if (const Listener* self = listener(socket); self != nullptr) return !self->ready.empty();
  const TcpEndpoint* endpoint = find_endpoint(socket);
  return endpoint != nullptr && endpoint->readable();
}
bool SimNetwork::connecting(NetId socket) const {
  const TcpEndpoint* endpoint = find_endpoint(socket);
  return endpoint != nullptr && endpoint->connecting();
}
SocketStats SimNetwork::stats(NetId socket) const {
  const TcpEndpoint* endpoint = find_endpoint(socket);
  return endpoint != nullptr ? endpoint->stats() : SocketStats{};
}
std::uint64_t SimNetwork::acknowledged_bytes(NetId socket) const {
  const TcpEndpoint* endpoint = find_endpoint(socket);
  return endpoint != nullptr ? endpoint->acknowledged_bytes() : 0;
}
Result<Endpoint> SimNetwork::local_endpoint(NetId socket) const {
  if (const Listener* self = listener(socket); self != nullptr) return self->local;
  const Side* side = find_side(socket);
  if (side == nullptr || !side->endpoint) return fail("bad socket", EBADF);
  return side->address;
}
bool SimNetwork::has_ended(NetId socket) const {
  const TcpEndpoint* endpoint = find_endpoint(socket);
  return endpoint == nullptr || endpoint->send_ended();
}

NetId SimNetwork::find_socket(const Endpoint& local, const Endpoint& remote) const {
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (connections_[i] == nullptr) continue;
    const Connection& connection = *connections_[i];
    for (const int side : {0, 1}) {
      const Side& end = connection.sides[side];
      if (end.address == local && connection.sides[1 - side].address == remote &&
          end.endpoint != nullptr && !end.endpoint->closed()) {
        return socket_of(connection.id, side);
      }
    }
  }
  return kNoNet;
}

Result<Endpoint> SimNetwork::remote_endpoint(NetId socket) const {
  const Connection* connection = find_connection(socket);
  const TcpEndpoint* endpoint = find_endpoint(socket);
  if (endpoint == nullptr) return fail("bad socket", EBADF);
  if (endpoint->connecting() || endpoint->closed()) return fail("not connected", ENOTCONN);
  return connection->sides[1 - side_of(socket)].address;
}

void SimNetwork::linger_off(NetId socket) {
  if (TcpEndpoint* endpoint = find_endpoint(socket); endpoint != nullptr) {
    endpoint->set_reset_on_death(false);
  }
}

void SimNetwork::keep_alive(NetId socket) {
  TcpEndpoint* endpoint = find_endpoint(socket);
  if (endpoint == nullptr) return;
  endpoint->set_keep_alive(world_.now());
  settle(socket, false);
}

void SimNetwork::watch(NetId socket, SocketWatcher* watcher) {
  if (Listener* self = listener(socket); self != nullptr) {
    self->watcher = watcher;
    if (!self->ready.empty()) notify_later(socket, kAcceptable);
    return;
  }
  Side* side = find_side(socket);
  if (side == nullptr || !side->endpoint) return;
  side->watcher = watcher;
  if (watcher == nullptr || side->endpoint->connecting()) return;
  notify_later(socket, kWritable | (side->endpoint->readable() ? unsigned{kReadable} : 0U));
}

}  // namespace longthrow::sim
