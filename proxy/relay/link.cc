// SPDX-License-Identifier: Apache-2.0
// A link's life and its ticks.
#include "proxy/relay/link.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"
#include "proxy/relay/group_health.h"

namespace longthrow {

Link::Link(LinkContext& context, const std::string& name, LinkConfig config)
    : context_(context),
      name_(name),
      config_(std::move(config)),
      log_(name_),
      buffer_(config_.memlimit),
      stops_(context.parts.loop, log_, name_, routes_, [this] { peer_.say_notices(); }),
      peer_({context_, config_, log_, stops_, buffer_}, name_, peer_hooks()),
      ends_(context.parts.loop, context.losses, name_, stops_),
      channels_(parts(), {.wake = [this] { wake(); },
                          .refresh = [this] { doors_.refresh(); },
                          .all_gone = [this] { tell_if_idle(); },
                          .read = [this](Channel& channel) { epochs_.on_read(channel); }}),
      doors_(parts(), channels_, [this] { wake(); }),
      epochs_(
          context.parts, routes_, peer_, [this] { wake(); }, [this] { tell_if_idle(); }),
      checkpoints_{.made = MadeCheckpoints(
                       {context, name_, routes_, peer_, epochs_, [this] { tell_if_idle(); }}),
                   .reached = ReachedCheckpoints(
                       {context, name_, peer_, [this] { wake(); }, [this] { tell_if_idle(); }})},
      copies_(context.parts.loop, config_, routes_, peer_, channels_),
      numbers_(parts(), channels_, doors_) {
  beat_.tick.bind<&Link::on_tick>(this);
  beat_.pump.bind<&Link::pump>(this);
  beat_.control.bind<&Link::pump>(this);
  beat_.partial.bind<&Link::on_partial_timer>(this);
}

Channels::Parts Link::parts() {
  return {context_, config_, log_, stops_, buffer_, routes_, peer_, ends_};
}

Peer::Hooks Link::peer_hooks() {
  return {.wake = [this] { wake(); },
          .begun =
              [this] {
                peer_.session()->set_local_routes(doors_.local_routes());
                update_receive_window();
              },
          .down =
              [this] {
                doors_.refresh();
                channels_.on_link_down();
              },
          .ending = [this](const LossCause& cause) { end_channels(cause); },
          .refresh = [this] { doors_.refresh(); }};
}

Link::~Link() {
  for (Timer* timer : {&beat_.tick, &beat_.pump, &beat_.control, &beat_.partial})
    context_.parts.loop.disarm(*timer);
}

Result<void> Link::start(const std::map<std::string, RouteConfig>& routes,
                         const std::map<std::string, GroupConfig>& groups) {
  if (auto possible = check(name_, config_, routes, memlimit_max()); !possible) return possible;
  auto opened = buffer_.open(config_, context_.jobs,
                             {.outlook = [this] { return outlook(); },
                              .wake = [this] { wake(); },
                              .on_partial = [this] { watch_partials(); }});
  if (!opened) return fail(format("link {}: {}", name_, opened.error().message));
  if (!buffer_.not_locked().empty())
    log_warning("link {}: the buffer may be swapped: {}", name_, buffer_.not_locked());
  buffer_.ingest().set_groups(groups);
  epochs_.configure(groups);
  checkpoints_.configure(groups);
  set_routes(routes);
  Loop& loop = context_.parts.loop;
  beat_.last_tick = loop.now();
  loop.arm(beat_.tick, loop.now() + kTick);
  peer_.uplink().dial_now();
  doors_.refresh();
  return {};
}

// --- ends

// The routes open again when the last of these channels is gone.
void Link::end_channels(const LossCause& cause) {
  checkpoints_.end_session(format("the session has ended ({})", cause.text));
  copies_.note();
  epochs_.end_session();
  buffer_.ingest().end_session();
  channels_.end_session(*peer_.session(), cause);
  doors_.forget_mismatches();
}

void Link::begin_stop() {
  stops_.begin_stop();
  channels_.stop_reading();
  if (peer_.session() == nullptr) peer_.uplink().cancel_dials();
  doors_.refresh();
}

bool Link::nobody_can_come(TimePoint stop_began) const {
  if (peer_.up() || peer_.session() == nullptr) return false;
  const bool delivers_here = std::ranges::any_of(
      channels_.all(), [](const auto& entry) { return entry.second->undelivered_bytes() > 0; });
  if (delivers_here) return false;
  const TimePoint now = context_.parts.loop.now();
  const auto gone_since = peer_.uplink().peer_gone_since();
  const bool gone = gone_since && now - std::max(*gone_since, stop_began) >= kGoneAfter;
  return gone || stops_.paused() || stops_.fenced();
}

void Link::stop(const LossCause& cause) {
  if (stops_.stopped()) return;
  stops_.stop();
  for (Route* route : routes_.configured()) {
    doors_.close(*route);
    doors_.drop_waiting(*route, cause);
  }
  const std::uint64_t left = undelivered_bytes();
  if (left > 0) log_warning("link {}: {} bytes were not delivered", name_, left);
  peer_.uplink().stop({wire::ByeReason::going_away, "the peer's node was stopped"});
  peer_.end_session(cause);
  // Bytes that the peer sent are delivered within abort_linger. Channels without such bytes are
  // aborted now.
  channels_.abort_delivered(cause);
  epochs_.stop();
  context_.parts.loop.disarm(beat_.tick);
}

// --- time

void Link::on_tick() {
  const TimePoint now = context_.parts.loop.now();
  const Duration interval = now - beat_.last_tick;
  beat_.last_tick = now;
  context_.parts.loop.arm(beat_.tick, now + kTick);
  peer_.on_tick(now);
  peer_.sender().follow_schedule(name_);
  doors_.look_at_waiting();
  log_.say_what_was_left_out(now, std::string(to_string(peer_.state())));
  approach_memlimit();
  update_receive_window();
  channels_.look();
  numbers_.update(now, interval);
  if (peer_.session() != nullptr) update_groups();
  forget_old_troubles();
  say_what_guides_found();
  doors_.retry(now);
  copies_.say_marks(now);
  epochs_.on_tick();
  checkpoints_.on_tick();
  peer_.uplink().watch_for_hole(interval, numbers_.waiting_for_peer());
  wake();
}

// REQUIRES: there is a session.
void Link::update_groups() {
  copies_.note();
  for (auto& [name, state] : peer_.session()->groups()) state.unframed = false;
  for (const auto& [serial, channel] : channels_.all()) {
    if (!channel->attached()) continue;
    if (channel->stream().unframed_bytes() > 0 || channel->looked().unread_bytes > 0)
      channel->core().group->unframed = true;
  }
  for (Route* route : routes_.configured()) observe_health(*route);
}

// A route's status stops naming the trouble of an earlier channel once a later channel is open.
void Link::forget_old_troubles() {
  for (Route* route : routes_.configured()) {
    const bool stands = std::ranges::any_of(route->channels, [&](const auto& entry) {
      return entry.second->open() && entry.first > route->trouble.serial;
    });
    if (stands) route->trouble.text.clear();
  }
}

std::string_view Link::inner_encryption(const Route& route) const {
  const CompressionSetting& setting = buffer_.ingest().frames().compression().setting();
  const bool compresses = setting.automatic || setting.fixed.id != CodecId::none;
  return compresses ? route.guide->inner_encryption() : std::string_view();
}

void Link::say_what_guides_found() {
  for (Route* route : routes_.configured()) {
    for (std::string line = route->guide->poll_line(); !line.empty();
         line = route->guide->poll_line())
      log_info("route {}: {}", route->name, line);
    const std::string_view how = inner_encryption(*route);
    if (std::exchange(route->inner_encryption, how) == how || how.empty()) continue;
    log_warning(
        "route {}: its connections are encrypted inside ({}): they do not compress, and the link "
        "is encrypted anyway; PostgreSQL's clients want sslmode=disable gssencmode=disable",
        route->name, how);
  }
}

// --- what is left

std::set<std::string> Link::group_names() const {
  std::set<std::string> names;
  for (const auto& [name, group] : routes_.groups().all()) {
    const bool carries = group->carries() && !planted(Plant::removed_backlog_forgotten);
    if (group->configured() || carries) names.insert(name);
  }
  return names;
}

DrainLeft Link::drain_left(DrainBook::Id id) {
  if (planted(Plant::drain_at_once)) return {};
  DrainLeft left = drains().left(id);
  // Connections that wait for the link have given bytes, too; the drain waits for these.
  for (const Route* route : routes_.configured()) {
    if (drains().covers(id, *route->group))
      left.bytes += doors_.waiting().unread(route->name).bytes;
  }
  return left;
}

}  // namespace longthrow
