// SPDX-License-Identifier: Apache-2.0
// Lanes and sessions: who is the peer, what is up, and what ends when.
#include "proxy/relay/link.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"

namespace longthrow {

Link::Link(LinkContext& context, std::string name, LinkConfig config)
    : context_(context),
      loop_(context.parts.loop),
      name_(std::move(name)),
      civil_clock_(loop_.wall_now(), loop_.now()),
      config_(std::move(config)),
      log_(name_),
      uplink_({context.parts, context.closing_list, context.node, context.incarnation, log_}, *this,
              name_, config_),
      sender_(loop_, uplink_),
      memlimit_max_(std::max(kReserveMin, config_.memlimit * kReserveFactor)),
      waiting_(loop_, context.closing_list, *this) {
  sender_.set_bandwidth(config_.bandwidth_bytes_s);
  tick_.bind<&Link::on_tick>(this);
  wake_.bind<&Link::pump>(this);
  control_timer_.bind<&Link::pump>(this);
  partial_timer_.bind<&Link::on_partial_timer>(this);
  reap_timer_.bind<&Link::reap_channels>(this);
}

Link::~Link() {
  for (Timer* timer : {&tick_, &wake_, &control_timer_, &partial_timer_, &reap_timer_})
    loop_.disarm(*timer);
}

Result<void> Link::start(const std::map<std::string, RouteConfig>& routes,
                         const std::map<std::string, GroupConfig>& groups) {
  if (auto possible = check(name_, config_, routes, memlimit_max_); !possible) return possible;
  auto arena = Arena::make({.limit_bytes = config_.memlimit, .reserve_bytes = memlimit_max_});
  if (!arena) return fail(format("link {}: {}", name_, arena.error().message));
  arena_ = std::move(*arena);
  ingest_ = std::make_unique<Ingest>(Ingest::Parts{.arena = *arena_,
                                                   .jobs = context_.jobs,
                                                   .outlook = [this] { return outlook(); },
                                                   .wake = [this] { wake(); },
                                                   .on_partial = [this] { watch_partials(); }},
                                     config_.compression);
  const auto locked = arena_->lock_in_memory();
  locked_in_memory_ = locked.has_value();
  if (!locked) {
    log_warning("link {}: the buffer may be swapped: {}", name_, locked.error().message);
  }
  ingest_->set_groups(groups);
  set_ports(routes);
  last_tick_ = loop_.now();
  loop_.arm(tick_, loop_.now() + kTick);
  uplink_.dial_now();
  refresh_routes();
  return {};
}

// --- the uplink

std::optional<Duration> Link::rtt() const {
  return session_ != nullptr ? session_->rtt() : std::nullopt;
}

void Link::on_uplink_up() {
  if (session_ == nullptr) {
    session_ = std::make_unique<Session>(ingest_->frames().pool(), uplink_.peering().lower_name());
    ingest_->begin_session(*session_);
    ++totals_.sessions;
    session_->set_local_routes(local_routes());
    update_receive_window();
  } else {
    ++totals_.reconnects;
  }
  session_->set_wall_clock(wall_ns());
  session_->on_express_up(uplink_.lanes().express()->id);
  forget_link_words();
  say_notices();
}

void Link::on_uplink_down() {
  refresh_routes();
  for (auto& [serial, channel] : channels_) channel->on_link_down();
}

void Link::on_lane_down(LaneId lane) {
  if (session_ != nullptr) session_->on_lane_down(lane);
  if (uplink_.up()) return;
  auto waiting = std::exchange(pings_, {});
  for (auto& done : waiting) done(std::nullopt);
}

void Link::ask_peer() {
  session_->set_wall_clock(wall_ns());
  session_->request_heartbeat();
  wake();
}

void Link::on_heartbeat_due() {
  session_->set_wall_clock(wall_ns());
  session_->request_heartbeat();
  sender_.send_heartbeats(*session_, wall_ns());
}

// session_timeout counts from the end of a pause.
void Link::note_peer_paused(bool paused) {
  if (peer_paused_ == paused) return;
  if (!paused && uplink_.down_since()) uplink_.count_down_from_now();
  peer_paused_ = paused;
  refresh_routes();
}

// --- ends

// The channels are handed over to their legs: what is here is delivered, then they are reset. Their
// routes open again when the last of them is gone (refresh_routes).
void Link::end_session(const LossCause& cause) {
  const std::string& reason = cause.text;
  if (session_ != nullptr) {
    say_gated(LogLevel::warning, "session: " + reason,
              format("link {}: the session has ended: {}", name_, reason));
    uplink_.drop_lanes(wire::Bye{wire::ByeReason::stale_session, reason});
    note_copies();
    ingest_->end_session();
    for (auto& [serial, channel] : channels_) {
      if (channel->attached()) note_unproven(*channel, ChannelEnd::How::cut, cause);
    }
    std::vector<std::unique_ptr<ChannelCore>> cores = session_->release_all();
    for (auto& core : cores) {
      auto* channel = static_cast<Channel*>(core->user);
      if (channel == nullptr) {  // opened by the peer a moment ago: it has no leg yet
        note_without_leg(*core, cause);
        continue;
      }
      note_over(*channel, "the session has ended: " + reason);
      channel->detach(std::move(core));
    }
    session_.reset();
    mismatches_logged_.clear();
    if (!uplink_.down_since()) uplink_.count_down_from_now();
  }
  uplink_.forget_session();
  refresh_routes();
}

void Link::begin_stop() {
  stopping_ = true;
  for (const auto& [serial, channel] : channels_) {
    if (!held_groups_.contains(channel->group())) channel->stop_reading();
  }
  if (session_ == nullptr) uplink_.cancel_dials();
  refresh_routes();
}

bool Link::drained() const { return undelivered_bytes() == 0; }

bool Link::nobody_can_come(TimePoint stop_began) const {
  if (up() || session_ == nullptr) return false;
  const bool delivers_here = std::ranges::any_of(
      channels_, [](const auto& entry) { return entry.second->undelivered_bytes() > 0; });
  if (delivers_here) return false;
  const auto gone_since = uplink_.peer_gone_since();
  const bool gone = gone_since && loop_.now() - std::max(*gone_since, stop_began) >= kGoneAfter;
  return gone || paused() || fenced_;
}

void Link::abort_channels(const LossCause& cause) {
  std::vector<Channel*> open;
  for (auto& [serial, channel] : channels_) {
    if (!channel->closed()) open.push_back(channel.get());
  }
  for (Channel* channel : open) channel->abort(cause);
}

void Link::stop(const LossCause& cause) {
  if (stopped_) return;
  stopping_ = stopped_ = true;
  for (auto& [name, port] : ports_) {
    close_listener(port);
    drop_waiting(port, cause);
  }
  const std::uint64_t left = undelivered_bytes();
  if (left > 0) log_warning("link {}: {} bytes were not delivered", name_, left);
  uplink_.stop({wire::ByeReason::going_away, "the peer's node was stopped"});
  end_session(cause);
  std::vector<Channel*> open;
  for (auto& [serial, channel] : channels_) open.push_back(channel.get());
  for (Channel* channel : open) {
    // What the far side had sent is delivered within the linger; our own node goes now.
    if (!channel->closed() && channel->undelivered_bytes() == 0) channel->abort(cause);
  }
  loop_.disarm(tick_);
}

bool Link::idle() const { return stopped_ && channels_.empty() && uplink_.idle(); }

// --- time

void Link::on_tick() {
  const TimePoint now = loop_.now();
  const Duration interval = now - last_tick_;
  last_tick_ = now;
  loop_.arm(tick_, now + kTick);
  check_session_timeout(now);
  if (uplink_.up()) uplink_.check_liveness(now);
  forget_old_words(now);
  look_at_waiting();
  log_.say_what_was_left_out(now, state_text());
  approach_memlimit();
  update_receive_window();
  for (auto& [serial, channel] : channels_) channel->look();
  update_rates(now, interval);
  update_groups();
  forget_old_reasons();
  note_state();
  retry_listeners(now);
  say_marks(now);
  uplink_.watch_for_hole(interval, any_waits_for_peer());
  wake();
}

// A pause is planned, however long: sessions stay.
void Link::check_session_timeout(TimePoint now) {
  const auto down_since = uplink_.down_since();
  if (uplink_.up() || session_ == nullptr || !down_since || paused() || peer_paused_) return;
  if (now - *down_since < config_.session_timeout) return;
  end_session({LossReason::session_timeout, "the link was down for longer than session_timeout"});
}

}  // namespace longthrow
