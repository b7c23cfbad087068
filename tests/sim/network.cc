// SPDX-License-Identifier: Apache-2.0
// Segments on their way: paths, delivery, timers, faults.
#include "tests/sim/network.h"

#include <algorithm>
#include <utility>

#include "tests/sim/network_state.h"

namespace longthrow::sim {

SimNetwork::SimNetwork(SimWorld& world, NetworkOptions options)
    : world_(world),
      options_(options),
      latency_random_(world.stream("network.latency")),
      option_random_(world.stream("network.options")),
      fragment_random_(world.stream("network.fragment")),
      refuse_random_(world.stream("network.refuse")),
      next_listener_(kFirstListener) {}
SimNetwork::~SimNetwork() = default;

HostId SimNetwork::add_host(const std::string& name, const std::string& address) {
  auto parsed = parse_endpoint(address + ":0");
  LT_ASSERT(parsed.has_value() && parsed->family == Endpoint::Family::ipv4);
  hosts_.push_back({.name = name, .address = *parsed});
  return static_cast<HostId>(hosts_.size()) - 1;
}

Endpoint SimNetwork::endpoint(HostId host, std::uint16_t port) const {
  Endpoint result = hosts_.at(static_cast<std::size_t>(host)).address;
  result.port = port;
  return result;
}

SimNetwork::Path& SimNetwork::path(HostId from, HostId to) {
  const auto [entry, fresh] = paths_.try_emplace({from, to});
  if (fresh && from == to) {
    entry->second.options = {.latency_min = std::chrono::microseconds(10),
                             .latency_mean = std::chrono::microseconds(20)};
  }
  return entry->second;
}

void SimNetwork::set_path(HostId from, HostId to, const PathOptions& options) {
  LT_ASSERT(from != to && options.latency_min <= options.latency_mean);
  path(from, to).options = options;
  path(to, from).options = options;
}

// --- delivery ---

bool SimNetwork::dropped(const Connection& connection, int from_side) const {
  const HostId from = connection.sides[from_side].host;
  const HostId to = connection.sides[1 - from_side].host;
  if (to < 0) return true;  // an address that nobody has
  return !hosts_[static_cast<std::size_t>(to)].powered || is_cut(from, to) ||
         connection.blackhole_until > world_.now();
}

void SimNetwork::send(Connection& connection, int side, Segment segment) {
  ++counters_.segments;
  if (dropped(connection, side)) {
    ++counters_.segments_dropped;
    return;
  }
  Side& from = connection.sides[side];
  Side& to = connection.sides[1 - side];
  Path& way = path(from.host, to.host);
  const PathOptions& options = way.options;
  TimePoint departed = std::max(world_.now(), way.busy_until);
  if (options.bandwidth_bytes_s > 0) {
    const std::uint64_t bytes = segment.payload.size() + 60;
    departed +=
        Duration(static_cast<Duration::rep>(bytes * 1'000'000'000 / options.bandwidth_bytes_s));
    way.busy_until = departed;
  }
  TimePoint arrival = departed + options.latency_min +
                      latency_random_.exponential(options.latency_mean - options.latency_min);
  if (latency_random_.chance(options.spike_ratio)) arrival += options.spike;
  arrival = std::max({arrival, from.last_arrival + Duration(1), from.clogged_until});
  from.last_arrival = arrival;
  if (from.endpoint) from.endpoint->note_path_busy(arrival);
  if (to.endpoint) to.endpoint->note_path_busy(arrival);
  if (free_packets_.empty()) {
    free_packets_.push_back(static_cast<std::uint32_t>(packets_.size()));
    packets_.emplace_back();
  }
  const std::uint32_t packet = free_packets_.back();
  free_packets_.pop_back();
  packets_[packet] = std::move(segment);
  ++connection.packets_under_way;
  world_.schedule(arrival, "net.deliver",
                  [this, id = connection.id, side, packet] { deliver(id, side, packet); });
}

void SimNetwork::deliver(ConnectionId id, int from_side, std::uint32_t packet) {
  Segment segment = std::move(packets_[packet]);
  free_packets_.push_back(packet);
  Connection& connection = *connections_[static_cast<std::size_t>(id)];
  --connection.packets_under_way;
  const int side = 1 - from_side;
  if (dropped(connection, from_side)) {
    ++counters_.segments_dropped;
    return forget_if_dead(id);
  }
  world_.trace("net.segment", static_cast<std::uint64_t>(socket_of(id, side)),
               segment.sequence << 20 ^ segment.payload.size());
  counters_.bytes_delivered += segment.payload.size();
  counters_.resets_seen += segment.rst ? 1 : 0;
  damage(connection, from_side, segment);
  const auto& endpoint = connection.sides[side].endpoint;
  if (endpoint && !endpoint->closed()) {
    endpoint->on_segment(world_.now(), segment);
  } else if (segment.syn && !segment.ack && !connection.reached_listener) {
    deliver_to_listener(connection, segment);
  } else {
    answer_for_dead(connection, side, segment);
  }
  settle(socket_of(id, side), true);
}

void SimNetwork::answer_for_dead(Connection& connection, int side, const Segment& segment) {
  if (segment.rst) return;
  const auto& last = connection.sides[side].final_acknowledgement;
  Segment answer;
  if (last.has_value() && segment.sequence + segment.payload.size() <= *last) {
    if (!segment.fin && !segment.probe) return;
    answer.ack = true;
    answer.acknowledged = *last;
    answer.sequence = segment.acknowledged;
  } else {
    answer.rst = true;
  }
  send(connection, side, std::move(answer));
}

// Takes what an endpoint has to say after any call: segments, its timer, its end, its readiness.
void SimNetwork::settle(NetId socket, bool from_event) {
  Connection& connection = *find_connection(socket);
  const int side = side_of(socket);
  Side& self = connection.sides[side];
  if (!self.endpoint) return forget_if_dead(connection.id);
  Segment segment;
  while (self.endpoint->poll(world_.now(), segment)) send(connection, side, std::move(segment));
  const unsigned events = self.endpoint->take_events();
  if (side == 1 && connection.listener != 0 && !connection.queued && !self.endpoint->half_open()) {
    end_handshake(connection);
  }
  if (!self.endpoint) return forget_if_dead(connection.id);
  if (self.endpoint->gone()) {
    if (self.endpoint->ended_cleanly()) {
      self.final_acknowledgement = self.endpoint->received_sequence();
    }
    drop_endpoint(connection, side);
    return forget_if_dead(connection.id);
  }
  arm(connection, side);
  if (events == 0 || self.watcher == nullptr) return;
  if (from_event) {
    self.watcher->on_ready(socket, events);
  } else {
    notify_later(socket, events);
  }
}

// A connection that reached a listener is established, or its handshake has failed.
void SimNetwork::end_handshake(Connection& connection) {
  const auto listener = listeners_.find(connection.listener);
  LT_ASSERT(listener != listeners_.end());
  --listener->second->handshaking;
  if (connection.sides[1].endpoint->closed()) return drop_endpoint(connection, 1);
  connection.queued = true;
  listener->second->ready.push_back(socket_of(connection.id, 1));
  notify_later(connection.listener, kAcceptable);
}

void SimNetwork::notify_later(NetId socket, unsigned readiness) {
  world_.schedule(world_.now(), "net.ready", [this, socket, readiness] {
    if (const auto listener = listeners_.find(socket); listener != listeners_.end()) {
      if (listener->second->watcher != nullptr && !listener->second->ready.empty()) {
        listener->second->watcher->on_ready(socket, readiness);
      }
    } else if (const Side* side = find_side(socket); side != nullptr && side->watcher != nullptr) {
      side->watcher->on_ready(socket, readiness);
    }
  });
}

// The event stays where it is while the deadline only moves later, as it does with every
// acknowledgement.
void SimNetwork::arm(Connection& connection, int side) {
  Side& self = connection.sides[side];
  const TimePoint at = self.endpoint->next_timeout();
  if (at == kNever || (self.timer.set() && self.timer_at <= at)) return;
  world_.cancel(self.timer);
  self.timer_at = at;
  self.timer = world_.schedule(
      at, "net.timer", [this, socket = socket_of(connection.id, side)] { on_timer(socket); });
}

void SimNetwork::on_timer(NetId socket) {
  Side& self = *find_side(socket);
  self.timer = EventId{};
  self.endpoint->on_timer(world_.now());
  settle(socket, true);
}

void SimNetwork::drop_endpoint(Connection& connection, int side) {
  Side& self = connection.sides[side];
  world_.cancel(self.timer);
  self.endpoint.reset();
  self.watcher = nullptr;
}

void SimNetwork::forget_if_dead(ConnectionId id) {
  auto& connection = connections_[static_cast<std::size_t>(id)];
  if (connection && connection->packets_under_way == 0 && !connection->sides[0].endpoint &&
      !connection->sides[1].endpoint) {
    connection.reset();
  }
}

}  // namespace longthrow::sim
