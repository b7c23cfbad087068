// SPDX-License-Identifier: Apache-2.0
// Faults that the simulated network can be given.
#include <algorithm>

#include "tests/sim/network.h"
#include "tests/sim/network_state.h"

namespace longthrow::sim {

void SimNetwork::cut_one_way(HostId from, HostId to, TimePoint until) {
  Path& way = path(from, to);
  way.cut_until = std::max(way.cut_until, until);
  world_.trace("net.cut", static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to));
}
void SimNetwork::cut(HostId a, HostId b, TimePoint until) {
  cut_one_way(a, b, until);
  cut_one_way(b, a, until);
}
bool SimNetwork::is_cut(HostId from, HostId to) const {
  const auto found = paths_.find({from, to});
  return found != paths_.end() && found->second.cut_until > world_.now();
}

std::vector<ConnectionId> SimNetwork::connections_between(HostId a, HostId b) const {
  std::vector<ConnectionId> result;
  for (const auto& connection : connections_) {
    if (!connection || !connection->sides[0].endpoint || !connection->sides[1].endpoint) continue;
    const HostId from = connection->sides[0].host;
    const HostId to = connection->sides[1].host;
    if ((from == a && to == b) || (from == b && to == a)) result.push_back(connection->id);
  }
  return result;
}

void SimNetwork::reset_connection(ConnectionId id) {
  Segment reset;
  reset.rst = true;
  for (const int side : {0, 1}) {
    TcpEndpoint* endpoint = find_endpoint(socket_of(id, side));
    if (endpoint == nullptr) continue;
    endpoint->on_segment(world_.now(), reset);
    settle(socket_of(id, side), false);
  }
}
void SimNetwork::blackhole(ConnectionId id, TimePoint until) {
  Connection* connection = find_connection(socket_of(id, 0));
  if (connection != nullptr) connection->blackhole_until = until;
}
void SimNetwork::clog(ConnectionId id, int direction, TimePoint until) {
  Side* side = find_side(socket_of(id, direction));
  if (side != nullptr) side->clogged_until = std::max(side->clogged_until, until);
}
void SimNetwork::turn_bit(ConnectionId id, int direction, std::uint64_t which) {
  if (Side* side = find_side(socket_of(id, direction)); side != nullptr) side->turned_bit = which;
}
void SimNetwork::damage(Connection& connection, int from_side, Segment& segment) {
  auto& turned = connection.sides[from_side].turned_bit;
  if (!turned || segment.payload.empty()) return;
  const std::uint64_t bit = *turned % (segment.payload.size() * 8);
  segment.payload[bit / 8] ^= std::byte{1} << (bit % 8);
  world_.trace("net.bit", segment.sequence, bit);
  turned.reset();
}
void SimNetwork::refuse_connects(HostId host, double ratio) {
  hosts_.at(static_cast<std::size_t>(host)).refuse_ratio = ratio;
}

void SimNetwork::power_off(HostId host) {
  hosts_.at(static_cast<std::size_t>(host)).powered = false;
  std::erase_if(listeners_, [host](const auto& entry) { return entry.second->host == host; });
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    Connection* connection = connections_[i].get();
    if (connection == nullptr) continue;
    for (const int side : {0, 1}) {
      if (connection->sides[side].host == host) drop_endpoint(*connection, side);
    }
    forget_if_dead(connection->id);
  }
  world_.trace("net.power_off", static_cast<std::uint64_t>(host));
}
void SimNetwork::power_on(HostId host) {
  hosts_.at(static_cast<std::size_t>(host)).powered = true;
  world_.trace("net.power_on", static_cast<std::uint64_t>(host));
}

void SimNetwork::heal() {
  for (auto& [hosts, way] : paths_) way.cut_until = TimePoint{};
  for (auto& host : hosts_) host.refuse_ratio = 0;
  for (auto& connection : connections_) {
    if (!connection) continue;
    connection->blackhole_until = TimePoint{};
    for (Side& side : connection->sides) {
      side.clogged_until = TimePoint{};
      side.turned_bit.reset();
    }
  }
  world_.trace("net.heal");
}

std::size_t SimNetwork::sockets_on(HostId host) const {
  std::size_t count = 0;
  for (const auto& [id, self] : listeners_) count += self->host == host ? 1U : 0U;
  for (const auto& connection : connections_) {
    if (!connection) continue;
    for (const Side& side : connection->sides) {
      count += side.host == host && side.endpoint ? 1U : 0U;
    }
  }
  return count;
}

}  // namespace longthrow::sim
