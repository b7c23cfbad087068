// SPDX-License-Identifier: Apache-2.0
// Inside listeners, and channels from their opening to the moment they are forgotten.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"
#include "proxy/relay/link.h"

namespace longthrow {

namespace {

constexpr std::uint64_t kExpressReserveBytes = 256 * kKiB;

}  // namespace

void Link::set_ports(const std::map<std::string, RouteConfig>& routes) {
  for (auto port = ports_.begin(); port != ports_.end();) {
    if (!routes.contains(port->first)) close_listener(port->second);
    port = routes.contains(port->first) ? std::next(port) : ports_.erase(port);
  }
  for (const auto& [route, config] : routes) {
    RoutePort& port = ports_[route];
    if (port.listener != nullptr && port.config.listen != config.listen) close_listener(port);
    port.name = route;
    port.config = config;
    (void)fates_[config.group];
  }
  const bool any_drbd = std::ranges::any_of(
      routes, [](const auto& entry) { return entry.second.protocol == RouteProtocol::drbd; });
  paces_ = any_drbd || routes.size() > 1;
  send_share_->set_express_reserve(paces_ ? kExpressReserveBytes : 0);
  update_receive_window();
}

void Link::update_receive_window() {
  if (session_ == nullptr) return;
  std::set<std::string> groups;
  for (const auto& [route, port] : ports_) groups.insert(port.config.group);
  const std::uint64_t share = std::min<std::uint64_t>(arena_->limit_bytes(Share::receive),
                                                      send_share_->memlimit_bytes() / 4);
  // What channels of earlier sessions still have to hand over is not there for this one.
  std::uint64_t held = 0;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached()) held += channel->core().in.held_charge_bytes();
  }
  const std::uint64_t free = share > held ? share - held : 0;
  session_->set_receive_window(free / std::max<std::size_t>(groups.size(), 1));
}

std::vector<LocalRoute> Link::local_routes() const {
  std::vector<LocalRoute> routes;
  for (const auto& [route, port] : ports_) {
    const bool left_over = std::ranges::any_of(channels_, [&](const auto& entry) {
      return entry.second->route() == route && !entry.second->attached();
    });
    routes.push_back({.name = route,
                      .group = port.config.group,
                      .protocol = port.config.protocol,
                      .accepts = port.config.target.has_value() && !route_shut(port),
                      .ready = !left_over || planted(Plant::routes_open_early),
                      .wire_name = port.config.wire_name});
  }
  return routes;
}

bool Link::route_shut(const RoutePort& port) const {
  return stopping_ || fenced_ || fenced_groups_.contains(port.config.group);
}

// Said once for each, at both ends.
void Link::log_mismatches() {
  if (session_ == nullptr) return;
  std::set<std::string> now;
  for (const auto& [route, port] : ports_) {
    const RouteStanding standing = session_->standing(route);
    if (standing.known && !standing.matched) {
      now.insert(format("route {}: mismatched, it stays closed: {}", route, standing.reason));
    }
  }
  for (const std::string& route : session_->unknown_peer_routes()) {
    now.insert(
        format("route {}: mismatched: the peer has it, this node has not: add [route.{}] here",
               route, route));
  }
  for (const std::string& line : now) {
    if (!mismatches_logged_.contains(line)) log_warning("{}", line);
  }
  mismatches_logged_ = std::move(now);
}

void Link::refresh_routes() {
  if (session_ != nullptr) session_->set_local_routes(local_routes());
  log_mismatches();
  const bool connected = session_ != nullptr && express_ != nullptr && session_->connected();
  for (auto& [route, port] : ports_) {
    if (!port.config.listen) continue;
    const bool held = held_groups_.contains(port.config.group) || old_pair_lives(port);
    if (connected && !route_shut(port) && !held && session_->standing(route).may_open) {
      open_listener(port);
    } else {
      close_listener(port);
    }
  }
  wake();
}

void Link::open_listener(RoutePort& port) {
  if (port.listener != nullptr) return;
  auto listener =
      std::make_unique<InsideListener>(loop_, [this, &port](Socket leg) { accept_leg(port, leg); });
  if (auto opened = listener->open(*port.config.listen); !opened) {
    const std::string reason =
        format("cannot listen on {}: {}", to_string(*port.config.listen), opened.error().message);
    if (reason != port.reason) log_error("route {}: {}", port.name, reason);
    port.reason = reason;
    return;
  }
  port.listener = std::move(listener);
  port.reason.clear();
  log_info("route {}: open, listening on {}", port.name, to_string(*port.config.listen));
}

void Link::close_listener(RoutePort& port) {
  if (port.listener == nullptr) return;
  port.listener->close();
  context_.graveyard.bury(std::move(port.listener));
  log_info("route {}: closed", port.name);
}

void Link::accept_leg(RoutePort& port, Socket leg) {
  const bool possible = session_ != nullptr && session_->connected() &&
                        session_->standing(port.name).may_open &&
                        channels_.size() < Session::kChannelsMax;
  if (!possible) {
    loop_.close(leg, CloseMode::reset);
    return;
  }
  Channel& channel = add_channel(session_->open(port.name), port.name, true);
  channel.adopt_leg(leg);
  wake();
}

Channel& Link::add_channel(ChannelCore& core, const std::string& route, bool opened_here) {
  const auto port = ports_.find(route);
  const RouteProtocol protocol =
      port != ports_.end() ? port->second.config.protocol : RouteProtocol::tcp;
  auto made = std::make_unique<Channel>(*this, core, route, protocol, opened_here);
  Channel& channel = *made;
  channel.serial = next_serial_++;
  channels_.emplace(channel.serial, std::move(made));
  if (port != ports_.end()) ++port->second.channels_total;
  fates_[core.group->name].carried = true;
  return channel;
}

void Link::on_opened(ChannelCore& core) {
  const std::string route = session_->route_name(core.route_id);
  Channel& channel = add_channel(core, route, false);
  const auto port = ports_.find(route);
  if (port == ports_.end() || !port->second.config.target || route_shut(port->second)) {
    channel.abort("the peer opened a channel of a route that is closed here");
    return;
  }
  const RouteConfig& config = port->second.config;
  channel.connect_leg(*config.target, config.inside_source, config.listen);
}

void Link::channel_closed(Channel& channel) {
  closing_.push_back(&channel);
  loop_.arm(reap_timer_, loop_.now());
  if (channel.partner() != nullptr) partner_ends(channel);
  if (!channel.was_aborted()) return;
  ++totals_.aborted_channels;
  totals_.abort_lost_bytes += channel.lost_bytes();
  if (channel.lost_bytes() > 0) {
    log_warning("route {}: channel {}: {} bytes were lost with the reset: {}", channel.route(),
                channel.core().id, channel.lost_bytes(), channel.end_reason());
  }
  const std::string group = channel.group();
  if (const auto port = ports_.find(channel.route()); port != ports_.end()) {
    if (channel.end_reason() != port->second.reason) {
      log_info("route {}: channel {}: {}", channel.route(), channel.core().id,
               channel.end_reason());
    }
    port->second.reason = channel.end_reason();
  }
  const bool never_carried = channel.read_bytes() == 0 && channel.core().in.consumed_offset() == 0;
  if (!never_carried)
    lose(group,
         format("a channel of route {} was aborted: {}", channel.route(), channel.end_reason()));
}

void Link::lose(const std::string& group, std::string reason) {
  if (planted(Plant::forget_losses)) return;
  GroupFate& fate = fates_[group];
  fate.lost = true;
  fate.lost_reason = std::move(reason);
  fate.lost_serial = next_serial_ - 1;
}

// Channels whose leg is closed wait here for what is in flight, and for the far side.
void Link::reap_channels() {
  std::vector<Channel*> waiting;
  bool any_gone = false;
  for (Channel* channel : std::exchange(closing_, {})) {
    const bool over = channel->idle() && !channel->has_block() &&
                      (!channel->attached() || Session::finished(channel->core()));
    if (!over) {
      waiting.push_back(channel);
      continue;
    }
    any_gone = true;
    channel_gone(*channel);
  }
  closing_.insert(closing_.end(), waiting.begin(), waiting.end());
  if (any_gone) refresh_routes();
  if (!closing_.empty()) {
    loop_.arm(reap_timer_, loop_.now() + (up() ? std::chrono::milliseconds(10) : kTick));
  }
}

void Link::channel_gone(Channel& channel) {
  const auto forget = [&](auto& list) { std::erase(list, &channel); };
  forget(slab_queue_);
  forget(frame_queue_);
  forget(partials_);
  forget(parked_);
  channel.unpair();
  keep_drbd_numbers(channel);
  if (channel.attached()) session_->release(channel.core());
  context_.graveyard.bury(std::move(channels_.extract(channel.serial).mapped()));
}

}  // namespace longthrow
