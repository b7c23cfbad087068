// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/doors.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {

Doors::Doors(const Channels::Parts& parts, Channels& channels, std::function<void()> wake)
    : context_(parts.context),
      loop_(parts.context.parts.loop),
      log_(parts.log),
      stops_(parts.stops),
      routes_(parts.routes),
      peer_(parts.peer),
      ends_(parts.ends),
      channels_(channels),
      wake_(std::move(wake)),
      waiting_(loop_, context_.closing_list, *this) {}

// --- what is open

std::vector<LocalRoute> Doors::local_routes() const {
  std::vector<LocalRoute> routes;
  for (const Route* route : routes_.configured()) {
    const bool left_over = std::ranges::any_of(
        route->channels, [](const auto& entry) { return !entry.second->attached(); });
    const RouteConfig& config = route->config;
    routes.push_back({.name = route->name,
                      .group = config.group,
                      .protocol = config.protocol,
                      .accepts = config.target.has_value() && !stops_.shut(*route),
                      .ready = !left_over || planted(Plant::routes_open_early),
                      .no_listener = !config.listen,
                      .no_target = !config.target,
                      .wire_name = config.wire_name});
  }
  return routes;
}

bool Doors::may_open(const Route& route) const {
  const Session* session = peer_.session();
  const bool connected = peer_.up() && session->connected();
  const bool on_hold = route.group->held() && !planted(Plant::hold_lets_in);
  const bool held = on_hold || !route.guide->may_open();
  return connected && !stops_.shut(route) && !held && session->standing(route.name).may_open;
}

bool Doors::may_wait(const Route& route) const {
  const RouteConfig& config = route.config;
  const bool waits =
      config.when_down == WhenDown::wait ||
      (config.when_down == WhenDown::automatic && config.protocol != RouteProtocol::drbd);
  const bool on_purpose = stops_.paused() || stops_.peer_paused() || stops_.peer_fenced() ||
                          stops_.shut(route) || route.group->held();
  if (!config.listen || !waits || on_purpose) return false;
  if (peer_.session() == nullptr) return true;
  const RouteStanding standing = peer_.session()->standing(route.name);
  return !standing.known || standing.may_open || standing.soon;
}

void Doors::refresh() {
  if (peer_.session() != nullptr) peer_.session()->set_local_routes(local_routes());
  log_mismatches();
  for (Route* route : routes_.configured()) {
    const bool opens = route->config.listen && may_open(*route);
    if (opens || may_wait(*route)) {
      open(*route);
      if (opens) waiting_.admit(route->name);
    } else {
      close(*route);
      drop_waiting(*route, why_none_waits(*route));
    }
  }
  wake_();
}

// Logs each mismatch once. Both nodes do so.
void Doors::log_mismatches() {
  const Session* session = peer_.session();
  if (session == nullptr || !session->connected()) return;
  std::set<std::string> now;
  for (const Route* route : routes_.configured()) {
    const RouteStanding standing = session->standing(route->name);
    if (standing.known && !standing.matched) {
      now.insert(format("route {}: mismatched, it stays closed: {}", route->name, standing.reason));
    } else if (standing.dead_end) {
      now.insert(format("route {}: nothing can pass: {}", route->name, standing.reason));
    }
  }
  for (const std::string& route : session->unknown_peer_routes()) {
    now.insert(
        format("route {}: mismatched: the peer has it, this node has not: add [route.{}] here",
               route, route));
  }
  for (const std::string& line : now) {
    if (!mismatches_said_.contains(line) && log_.may_say_mismatch(loop_.now()))
      log_warning("{}", line);
  }
  mismatches_said_ = std::move(now);
}

// --- listeners

void Doors::open(Route& route) {
  Route::Door& door = route.door;
  const bool waits = door.again_at != kNever && loop_.now() < door.again_at;
  if (door.listener != nullptr || waits) return;
  auto listener =
      std::make_unique<InsideListener>(loop_, [this, &route](Socket leg) { accept(route, leg); });
  if (auto opened = listener->open(*route.config.listen); !opened)
    return on_listen_failed(route, opened.error());
  door = {.listener = std::move(listener)};
  route.trouble.text.clear();
  if (!log_.says_episode()) return;
  log_info("route {}: {}, listening on {}", route.name,
           may_open(route) ? "open" : "not open yet: connections wait for the link",
           to_string(*route.config.listen));
}

// Something else has the port: the previous process, another route that a reload has not moved yet,
// or this route's own old listener that is not closed yet. The last of these is gone in a moment,
// so the first failures are not logged.
void Doors::on_listen_failed(Route& route, const Error& error) {
  note_reached(Mark::port_in_use);
  const bool quiet = ++route.door.failures <= kQuietTries;
  route.door.again_at = loop_.now() + (quiet ? kListenSoon : kListenAgain);
  route.trouble.text = format("cannot listen on {}, trying again every second: {}",
                              to_string(*route.config.listen), error.message);
  if (route.door.failures == kQuietTries + 1)
    log_error("route {}: {}", route.name, route.trouble.text);
}

void Doors::retry(TimePoint now) {
  const bool due = std::ranges::any_of(
      routes_.configured(), [&](const Route* route) { return route->door.again_at <= now; });
  if (due) refresh();
}

void Doors::close(Route& route) {
  std::unique_ptr<InsideListener> listener = std::move(route.door.listener);
  route.door = {};
  if (listener == nullptr) return;
  listener->close();
  context_.closing_list.retire(std::move(listener));
  if (log_.says_episode()) log_info("route {}: closed", route.name);
}

void Doors::accept(Route& route, Socket leg) {
  if (may_open(route)) return channels_.open(route, leg, std::nullopt);
  if (!may_wait(route)) return loop_.close(leg, CloseMode::reset);
  const bool waits = waiting_.add(route.name, leg) == WaitingLegs::Place::given;
  const std::string words =
      waits ? "connections that come now wait for the link"
            : format("connections were reset: {} of this route wait for the link already",
                     waiting_.size(route.name));
  if (!waits) set_trouble(route, words);
  log_.say(loop_.now(), LogLevel::info,
           format("route {}: {}", route.name, waits ? "wait" : "crowded"),
           format("route {}: {}", route.name, words));
}

// The status shows the trouble until a later channel is open.
void Doors::set_trouble(Route& route, const std::string& text) const {
  route.trouble = {text, ends_.newest_serial()};
}

// --- connections that wait

WaitingLegsOwner::Admission Doors::on_leg_waited(const std::string& route, Socket leg,
                                                 std::optional<TimePoint> said_since) {
  Route* its_route = routes_.find(route);
  if (its_route == nullptr || !may_open(*its_route) || !peer_.session()->may_open_more())
    return Admission::later;
  channels_.open(*its_route, leg, said_since);
  return Admission::taken;
}

void Doors::drop_waiting(Route& route, const LossCause& cause) {
  const WaitingLegs::Unread lost = waiting_.drop(route.name);
  if (lost.legs == 0) return;
  const std::string about =
      format("connections that waited for the link were reset: {}", cause.text);
  ends_.note_waiting(route, lost, {cause.reason, about});
  log_info("route {}: {} {}", route.name, lost.legs, about);
}

LossCause Doors::why_none_waits(const Route& route) const {
  using enum LossReason;
  if (stops_.stopping()) return {node_stopped, "this node was stopped"};
  if (stops_.fenced(*route.group)) return {takeover, "takeover"};
  if (route.group->held()) return {refused, "the group is held"};
  if (stops_.paused() || stops_.peer_paused()) return {refused, "the link is paused"};
  return {refused, "the route does not let connections wait any more"};
}

void Doors::look_at_waiting() {
  for (const auto& [name, ended] : waiting_.look()) {
    Route* route = routes_.find(name);
    if (route != nullptr) {
      ends_.note_waiting(*route, ended.broken,
                         {LossReason::program_closed,
                          "the program here reset connections that waited for the link"});
    }
    const WaitingLegs::Unread& late = ended.late;
    if (late.legs == 0) continue;
    const std::string about = "connections were reset: in 120 s the link has not come up";
    static_assert(WaitingLegs::kTimeMax == std::chrono::seconds(120));
    if (route != nullptr) {
      set_trouble(*route, about);
      ends_.note_waiting(*route, late, {LossReason::refused, about});
    }
    log_.say(loop_.now(), LogLevel::warning, format("route {}: {}", name, about),
             format("route {}: {} {}; they had sent {} bytes", name, late.legs, about, late.bytes));
  }
}

}  // namespace longthrow
