// SPDX-License-Identifier: Apache-2.0
// Inside listeners, and channels from their opening to the moment they are forgotten.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"
#include "proxy/relay/link.h"
#include "proxy/session/credit_shares.h"

namespace longthrow {

namespace {

constexpr std::uint64_t kExpressReserveBytes = 256 * kKiB;

}  // namespace

void Link::set_ports(const std::map<std::string, RouteConfig>& routes) {
  for (auto port = ports_.begin(); port != ports_.end();) {
    const auto stays = routes.find(port->first);
    if (stays == routes.end()) {
      close_listener(port->second);
      drop_waiting(port->second, {LossReason::route_removed, "the route was removed"});
    }
    const bool another =
        stays != routes.end() && (port->second.config.group != stays->second.group ||
                                  port->second.config.protocol != stays->second.protocol);
    if (stays == routes.end() || another) {
      abort_channels_of(port->first, {LossReason::route_removed,
                                      another ? "the route was given another group or protocol"
                                              : "the route was removed from the configuration"});
    }
    port = routes.contains(port->first) ? std::next(port) : ports_.erase(port);
  }
  for (const auto& [route, config] : routes) {
    RoutePort& port = ports_[route];
    if (port.config.listen != config.listen) close_listener(port);
    port.name = route;
    port.config = config;
    (void)fates_[config.group];
  }
  std::erase_if(fates_, [&](const auto& fate) { return !has_group(fate.first); });
  const bool any_drbd = std::ranges::any_of(
      routes, [](const auto& entry) { return entry.second.protocol == RouteProtocol::drbd; });
  const bool paces = any_drbd || routes.size() > 1;
  uplink_.pacing().set_wanted(paces);
  ingest_->share().set_express_reserve(paces ? kExpressReserveBytes : 0);
  update_receive_window();
}

void Link::update_receive_window() {
  if (session_ == nullptr) return;
  std::set<std::string> groups;
  for (const auto& [route, port] : ports_) groups.insert(port.config.group);
  const std::uint64_t share = std::min<std::uint64_t>(arena_->limit_bytes(Share::receive),
                                                      ingest_->share().memlimit_bytes() / 4);
  // What channels of earlier sessions still have to hand over is not there for this one.
  std::uint64_t held = 0;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached()) held += channel->core().in.held_charge_bytes();
  }
  const std::uint64_t free = share > held ? share - held : 0;
  session_->set_receive_window(group_window_bytes(free, groups.size()), free);
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
                      .no_listener = !port.config.listen,
                      .no_target = !port.config.target,
                      .wire_name = port.config.wire_name});
  }
  return routes;
}

bool Link::route_shut(const RoutePort& port) const {
  return stopping_ || fenced_ || fenced_groups_.contains(port.config.group);
}

// Said once for each, at both ends.
void Link::log_mismatches() {
  if (session_ == nullptr || !session_->connected()) return;
  std::set<std::string> now;
  for (const auto& [route, port] : ports_) {
    const RouteStanding standing = session_->standing(route);
    if (standing.known && !standing.matched) {
      now.insert(format("route {}: mismatched, it stays closed: {}", route, standing.reason));
    } else if (standing.dead_end) {
      now.insert(format("route {}: nothing can pass: {}", route, standing.reason));
    }
  }
  for (const std::string& route : session_->unknown_peer_routes()) {
    now.insert(
        format("route {}: mismatched: the peer has it, this node has not: add [route.{}] here",
               route, route));
  }
  for (const std::string& line : now) {
    if (!mismatches_logged_.contains(line) && log_.may_say_mismatch(loop_.now()))
      log_warning("{}", line);
  }
  mismatches_logged_ = std::move(now);
}

void Link::refresh_routes() {
  if (session_ != nullptr) session_->set_local_routes(local_routes());
  log_mismatches();
  for (auto& [route, port] : ports_) {
    const bool open = port.config.listen && may_open(port);
    if (open || may_wait(port)) {
      open_listener(port);
      if (open) waiting_.admit(route);
    } else {
      close_listener(port);
      drop_waiting(port, why_none_waits(port));
    }
  }
  wake();
}

void Link::open_listener(RoutePort& port) {
  const bool waits = port.listen_again_at != kNever && loop_.now() < port.listen_again_at;
  if (port.listener != nullptr || waits) return;
  auto listener =
      std::make_unique<InsideListener>(loop_, [this, &port](Socket leg) { accept_leg(port, leg); });
  if (auto opened = listener->open(*port.config.listen); !opened) {
    return on_listen_failed(port, opened.error());
  }
  port.listener = std::move(listener);
  port.listen_failures = 0;
  port.listen_again_at = kNever;
  port.reason.clear();
  if (!log_.says_episode()) return;
  log_info("route {}: {}, listening on {}", port.name,
           may_open(port) ? "open" : "not open yet: connections wait for the link",
           to_string(*port.config.listen));
}

// Somebody else has the port: the last process, or another route until a reload has moved it, or
// this route's own listener that is not closed yet. That one may be gone in a moment, so the first
// tries are not worth a line in the log.
void Link::on_listen_failed(RoutePort& port, const Error& error) {
  const bool quiet = ++port.listen_failures <= kQuietListenTries;
  port.listen_again_at = loop_.now() + (quiet ? kTick : kListenAgain);
  port.reason = format("cannot listen on {}, trying again every second: {}",
                       to_string(*port.config.listen), error.message);
  if (port.listen_failures == kQuietListenTries + 1)
    log_error("route {}: {}", port.name, port.reason);
}

void Link::retry_listeners(TimePoint now) {
  const bool due = std::ranges::any_of(
      ports_, [&](const auto& entry) { return entry.second.listen_again_at <= now; });
  if (due) refresh_routes();
}

void Link::close_listener(RoutePort& port) {
  port.listen_failures = 0;
  port.listen_again_at = kNever;
  if (port.listener == nullptr) return;
  port.listener->close();
  context_.closing_list.retire(std::move(port.listener));
  if (log_.says_episode()) log_info("route {}: closed", port.name);
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
  fates_[channel.group()].restored = false;
  // Until the next look, there may be several streams.
  if (session_ != nullptr)
    core.group->frames_as_of_max_ns = std::min(core.group->frames_as_of_max_ns, wall_ns());
  return channel;
}

void Link::on_opened(ChannelCore& core) {
  const std::string route = session_->route_name(core.route_id);
  Channel& channel = add_channel(core, route, false);
  if (core.too_many)
    return channel.abort({LossReason::refused, "the peer has more channels than this node serves"});
  const auto port = ports_.find(route);
  if (port == ports_.end() || !port->second.config.target || route_shut(port->second)) {
    channel.abort(
        {LossReason::refused, "the peer opened a channel of a route that is closed here"});
    return;
  }
  const RouteConfig& config = port->second.config;
  channel.connect_leg(*config.target, config.inside_source, config.listen);
}

void Link::channel_closed(Channel& channel) {
  closing_.push_back(&channel);
  loop_.arm(reap_timer_, loop_.now());
  if (channel.partner() != nullptr) partner_ends(channel);
  channel.newest_serial_at_end = next_serial_ - 1;
  note_channel_end(channel, ChannelMoment::closed);
  if (fenced_ || fenced_groups_.contains(channel.group()))
    fates_[channel.group()].taken_lost_bytes += channel.untaken_bytes();
  if (!channel.was_aborted()) return;
  ++totals_.aborted_channels;
  if (const auto port = ports_.find(channel.route()); port != ports_.end()) {
    if (channel.end_reason() != port->second.reason) {
      say_gated(LogLevel::info, format("channel of {}: {}", channel.route(), channel.end_reason()),
                format("route {}: channel {}: {}", channel.route(), channel.core().id,
                       channel.end_reason()));
    }
    port->second.reason = channel.end_reason();
    port->second.reason_serial = next_serial_ - 1;
  }
}

void Link::channel_judged(Channel& channel) {
  const auto port = ports_.find(channel.route());
  if (port == ports_.end()) return;
  const auto kind = channel.inner_encryption();
  const bool is_new = std::exchange(port->second.inner_encryption, kind) != kind;
  if (const auto name = inner_encryption(port->second); is_new && !name.empty()) {
    log_warning(
        "route {}: its connections are encrypted inside ({}): they do not compress, and the link "
        "is encrypted anyway; PostgreSQL's clients want sslmode=disable gssencmode=disable",
        channel.route(), name);
  }
}

std::string_view Link::inner_encryption(const RoutePort& port) const {
  const CompressionSetting& setting = ingest_->frames().compression().setting();
  if (!setting.automatic && setting.fixed.id == CodecId::none) return {};
  bool any_open = false;
  for (const auto& [serial, channel] : channels_) {
    if (channel->route() != port.name || channel->closed()) continue;
    const std::string_view name = to_string(channel->inner_encryption());
    if (!name.empty()) return name;
    any_open = any_open || channel->inner_encryption() == InnerEncryption::Kind::none;
  }
  return any_open ? std::string_view() : to_string(port.inner_encryption);
}

// Channels whose leg is closed wait here for what is in flight, and for the far side.
void Link::reap_channels() {
  std::vector<Channel*> waiting;
  bool any_gone = false;
  for (Channel* channel : std::exchange(closing_, {})) {
    const bool over = channel->idle() && !channel->stream().has_block() &&
                      (!channel->attached() ||
                       (Session::finished(channel->core()) && !waits_for_final_mark(*channel)));
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
  ingest_->forget(channel.stream());
  note_over(channel, "the peer did not say that its target has acknowledged the last bytes");
  channel.unpair();
  keep_drbd_numbers(channel);
  note_channel_end(channel, ChannelMoment::gone);
  if (channel.attached()) session_->release(channel.core());
  context_.closing_list.retire(std::move(channels_.extract(channel.serial).mapped()));
}

}  // namespace longthrow
