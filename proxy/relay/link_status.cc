// SPDX-License-Identifier: Apache-2.0
// Settings, commands and numbers of a link.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"
#include "proxy/relay/link.h"

namespace longthrow {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

// --- settings

Result<void> Link::set_memlimit(std::uint64_t bytes) {
  if (bytes < kMemlimitMin) return fail("memlimit must be at least 16MiB");
  if (auto set = ingest_->share().set_memlimit(bytes); !set) return set;
  update_receive_window();
  approach_memlimit();
  wake();
  return {};
}

void Link::set_compression(const CompressionSetting& setting) {
  ingest_->frames().compression().set(setting);
}

void Link::set_bandwidth(std::uint64_t bytes_s) {
  bucket_.set_rate(bytes_s);
  wake();
}

Result<void> Link::check(const std::string& name, const LinkConfig& config,
                         const std::map<std::string, RouteConfig>& routes,
                         std::uint64_t memlimit_max) {
  if (routes.size() > wire::kRoutesMax) {
    return fail(format("link {}: {} routes are more than the {} that one link carries", name,
                       routes.size(), wire::kRoutesMax));
  }
  if (config.memlimit > memlimit_max) {
    return fail(format("link {}: without a restart, memlimit can be raised to {} MiB at most", name,
                       memlimit_max / kMiB));
  }
  return {};
}

// REQUIRES: check() passed.
void Link::reload(const LinkConfig& config, const std::map<std::string, RouteConfig>& routes,
                  const std::map<std::string, GroupConfig>& groups, bool keep_set_values) {
  if (!keep_set_values || config.memlimit != config_.memlimit) {
    if (auto set = set_memlimit(config.memlimit); !set) {
      log_error("link {}: memlimit stays as it was: {}", name_, set.error().message);
    }
  }
  if (!keep_set_values || config.compression != config_.compression) {
    set_compression(config.compression);
  }
  if (!keep_set_values || config.bandwidth_bytes_s != config_.bandwidth_bytes_s) {
    set_bandwidth(config.bandwidth_bytes_s);
  }
  const bool dials_now = !config.connect.empty() && config_.connect.empty();
  config_ = config;
  ingest_->set_groups(groups);
  set_ports(routes);
  // A hold ends with its group: one that comes later under that name begins anew.
  const std::set<std::string> held = held_groups_;
  for (const std::string& group : held) {
    if (!has_group(group)) hold_group(group, false);
  }
  refresh_routes();
  if (dials_now && !uplink_.up()) uplink_.dial_now();
}

void Link::pause() {
  if (paused()) return;
  paused_since_ = loop_.wall_now();
  put_notice(NoticeKind::paused, "", format("pause {}", name_));
  uplink_.cancel_dials();
  const bool was_up = uplink_.up();
  if (was_up) {
    uplink_.drop_lanes(wire::Bye{wire::ByeReason::paused, notice_text(NoticeKind::paused)});
    uplink_.count_down_from_now();
  }
  uplink_.set_down_reason(notice_text(NoticeKind::paused));
  uplink_.tell_peer_after(was_up ? Uplink::kSayAgain : Duration(0));
  refresh_routes();
}

void Link::resume() {
  paused_since_.reset();
  take_notice(NoticeKind::paused, "");
  if (uplink_.down_since()) uplink_.count_down_from_now();  // session_timeout counts from here
  uplink_.set_down_reason("not yet connected again");
  uplink_.dial_now();
  refresh_routes();
}

bool Link::has_group(const std::string& group) const {
  return std::ranges::any_of(ports_,
                             [&](const auto& entry) { return entry.second.config.group == group; });
}

void Link::hold_group(const std::string& group, bool held) {
  if (held) {
    held_groups_.insert(group);
    put_notice(NoticeKind::held, group, format("drain {} --hold", group));
  } else {
    held_groups_.erase(group);
    take_notice(NoticeKind::held, group);
    for (auto& [serial, channel] : channels_) channel->resume_reading();
  }
  refresh_routes();
}

// --- ping

std::uint64_t Link::undelivered_bytes() const {
  std::uint64_t left = 0;
  for (const auto& [serial, channel] : channels_) {
    left += channel->undelivered_bytes();
    if (!channel->attached() || channel->core().out.stopped) continue;
    left += channel->read_bytes() -
            std::min(channel->read_bytes(), channel->core().out.delivered_offset) +
            channel->unread_before_stop();
  }
  return left;
}

std::optional<double> Link::rtt_ms() const {
  if (session_ == nullptr || !session_->rtt()) return std::nullopt;
  return seconds(*session_->rtt()) * 1000;
}

void Link::ping(std::function<void(std::optional<double>)> done) {
  if (!up()) {
    done(std::nullopt);
    return;
  }
  pings_.push_back(std::move(done));
  ask_peer();
}

// --- numbers

void Link::update_rates(TimePoint now, Duration interval) {
  in_rate_.update(interval, totals_.raw_in_bytes);
  out_rate_.update(interval, totals_.frame_bytes_out);
  FrameMaker& frames = ingest_->frames();
  ratio_.update(interval, frames.made().raw_bytes, frames.made().payload_bytes);
  std::uint64_t waiting = 0;
  std::uint64_t backlog = 0;
  for (const auto& [serial, channel] : channels_) {
    waiting += channel->stream().unframed_bytes();
    if (channel->attached()) backlog += channel->core().out.waiting_raw_bytes();
  }
  const int workers = std::max(1, context_.parts.workers.threads());
  const double busy = seconds(frames.take_cpu_time()) / (seconds(interval) * workers);
  frames.compression().on_interval(
      now, {.interval = std::max(interval, Duration(1)),
            .raw_in_bytes = totals_.raw_in_bytes - last_raw_in_,
            .raw_waiting_bytes = waiting,
            .busy = std::clamp(busy, 0.0, 1.0),
            .wire_backlog_bytes = static_cast<std::uint64_t>(static_cast<double>(backlog) /
                                                             ratio_.value().value_or(1.0)),
            .wire_out_bytes = totals_.frame_bytes_out - last_frame_bytes_out_,
            .workers = workers});
  last_raw_in_ = totals_.raw_in_bytes;
  last_frame_bytes_out_ = totals_.frame_bytes_out;
}

void Link::update_groups() {
  if (session_ == nullptr) return;
  note_copies();
  for (auto& [group, state] : session_->groups()) state.unframed = false;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached()) continue;
    GroupState& group = *channel->core().group;
    if (channel->stream().unframed_bytes() > 0 || channel->looked().unread_bytes > 0)
      group.unframed = true;
  }
  for (auto& [name, fate] : fates_) {
    if (fate.short_bytes == 0) continue;
    const bool is_followed = std::ranges::any_of(channels_, [&](const auto& entry) {
      const auto& [serial, channel] = entry;
      return channel->attached() && !channel->closed() && channel->group() == name &&
             serial > fate.short_serial;
    });
    if (is_followed && lag(name).bytes == 0) fate.short_bytes = 0;
  }
  observe_health();
}

// What the peer lacks. What was lost counts until newer data of its route is there.
Lag Link::lag(const std::string& group) const {
  Lag lag;
  std::optional<TimePoint> oldest;
  const auto note = [&](std::optional<TimePoint> at) {
    if (at) oldest = std::min(oldest.value_or(*at), *at);
  };
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached() || (!group.empty() && channel->group() != group)) continue;
    const OutStream& out = channel->core().out;
    if (out.stopped) continue;
    const std::uint64_t unread = channel->unread_bytes();
    const std::uint64_t bytes = channel->read_bytes() + unread - out.received_offset();
    if (bytes == 0) continue;
    lag.bytes += bytes;
    note(out.oldest_read_at());
    note(channel->stream().oldest_at());
    if (unread == 0) continue;
    // A leg that is not read waits, too; since when is known to a tick.
    note(channel->given_at(channel->read_bytes()).value_or(loop_.now()));
  }
  for (const auto& [route, port] : ports_) {
    if (!group.empty() && port.config.group != group) continue;
    const RouteHealth::Lacking lacking = port.health.lacking();
    lag.bytes += lacking.bytes;
    if (lacking.bytes > 0) note(lacking.oldest_at);
    const WaitingLegs::Unread unread = waiting_.unread(route);
    lag.bytes += unread.bytes;
    note(unread.oldest_at);
  }
  if (oldest) lag.seconds = seconds(loop_.now() - *oldest);
  return lag;
}

std::string Link::limited_by() const {
  if (paused() || peer_paused_) return "paused";
  if (!up()) return "down";
  if (session_->blocked_by_credit()) return "peer_disk";
  if (session_->bulk_frames_wait()) {
    const bool throttled = bucket_.rate() != 0 && uplink_.lanes().bulk_has_room();
    return throttled ? "bandwidth" : "wan";
  }
  // Nothing waits to be sent, yet the share is spent: by what is under way and not acknowledged.
  if (ingest_->share().full() && session_->in_flight_frames() > 0) return "wan";
  if (ingest_->frames().is_short_of_workers()) return "cpu";
  return "source";
}

void Link::fill_status(Status& status) const {
  LinkStatus& link = status.links[name_];
  link.state = state_text();
  link.state_since = state_since_;
  link.reason = up() ? "" : down_reason();
  if (down_reason() == Uplink::kNeverConnected && !up() && config_.connect.empty()) {
    link.reason =
        "nobody has connected yet: this side only listens, so the peer must dial it; if it "
        "only listens, too, write connect at one of them";
  }
  if (const std::string trouble = context_.parts.tls.trouble(name_); !trouble.empty() && !up())
    link.reason = trouble;
  link.peer = uplink_.peering().peer_node();
  if (up()) link.rtt_ms = rtt_ms();
  link.paused_since = paused_since_;
  link.fenced = fenced_;
  link.notices = notices_of("");
  link.limited_by = limited_by();
  const auto add_lane = [&](const Lane& lane) {
    link.lanes.push_back({.name = lane.index == 0 ? "express" : format("bulk{}", lane.index),
                          .local = lane.local(),
                          .remote = lane.remote(),
                          .dialled_here = lane.dialled_here(),
                          .unsent_bytes = lane.queued_bytes()});
  };
  const LaneSet& lanes = uplink_.lanes();
  if (lanes.express() != nullptr) add_lane(*lanes.express());
  for (const auto& [index, lane] : lanes.bulk()) add_lane(*lane);

  link.buffer.limit_bytes = ingest_->share().memlimit_bytes();
  link.buffer.send_limit_bytes = arena_->limit_bytes(Share::send);
  link.buffer.full = ingest_->share().full();
  link.buffer.locked = locked_in_memory_;
  link.buffer.receive_used_bytes = arena_->used_bytes(Share::receive);
  link.buffer.receive_limit_bytes = arena_->limit_bytes(Share::receive);
  if (session_ != nullptr) link.buffer.receive_granted_bytes = session_->outstanding_charge_bytes();
  for (const auto& [serial, channel] : channels_) {
    link.buffer.raw_bytes += channel->stream().unframed_bytes();
    link.buffer.used_bytes += channel->stream().unframed_bytes();
    link.undelivered_bytes += channel->undelivered_bytes();
    if (!channel->attached()) continue;
    link.buffer.raw_bytes += channel->core().out.stored_raw_bytes();
    link.buffer.used_bytes += channel->core().out.stored_charge_bytes();
  }
  link.lag = lag("");
  if (uplink_.hole().stuck()) {
    link.warnings.push_back(
        {.name = "nothing_passes",
         .text = format("nothing has got through for {:.0f} s of being up: {}",
                        seconds(uplink_.hole().stuck_for()), Uplink::hole_hint())});
  }
  link.rate.in_bytes_s = in_rate_.bytes_s();
  link.rate.out_bytes_s = out_rate_.bytes_s();
  const Forecast told = forecast({.flows = up() && !paused(),
                                  .full = link.buffer.full,
                                  .lag_bytes = link.lag.bytes,
                                  .free_bytes = ingest_->share().free_bytes(),
                                  .in_bytes_s = in_rate_.bytes_s(),
                                  .out_bytes_s = out_rate_.bytes_s(),
                                  .ratio = ratio_.value().value_or(1.0)});
  link.drain_eta_s = told.drain_s;
  link.full_eta_s = told.full_s;
  const Compression& compression = ingest_->frames().compression();
  link.compression.setting = to_string(compression.setting());
  link.compression.codec = to_string(compression.current());
  link.compression.ratio = ratio_.value();
  link.bandwidth_bytes_s = bucket_.rate();

  link.reconnects = totals_.reconnects;
  link.sessions = totals_.sessions;
  link.retransmitted_bytes = totals_.retransmitted_bytes;
  link.raw_in_bytes = totals_.raw_in_bytes;
  link.wire_out_bytes = lanes.sent_bytes();
  link.wire_in_bytes = lanes.received_bytes();
  link.delivered_bytes = totals_.delivered_bytes;
  link.checksum_failures = totals_.checksum_failures;
  link.refused_peers = totals_.refused_peers;
  link.aborted_channels = totals_.aborted_channels;
  link.abort_lost_bytes = totals_.abort_lost_bytes;
  if (ingest_->share().memlimit_bytes() != config_.memlimit)
    link.differs_from_file.push_back("memlimit");
  if (compression.setting() != config_.compression) link.differs_from_file.push_back("compression");
  if (bucket_.rate() != config_.bandwidth_bytes_s) link.differs_from_file.push_back("bandwidth");
  fill_groups(status);
  fill_routes(status);
}

bool Link::damage_stored_frame(std::uint64_t which) {
  if (channels_.empty()) return false;
  auto channel =
      std::next(channels_.begin(), static_cast<std::ptrdiff_t>(which % channels_.size()));
  return channel->second->attached() && channel->second->core().out.damage_stored(which);
}

void Link::fill_groups(Status& status) const {
  for (const auto& [name, fate] : fates_) {
    // What has left the configuration is shown until the last of its channels has gone.
    const bool carries = std::ranges::any_of(
        channels_, [&](const auto& entry) { return entry.second->group() == name; });
    if (!has_group(name) && !carries) continue;
    GroupStatus& group = status.groups[name];
    group.link = name_;
    group.notices = notices_of(name);
    group.lag = lag(name);
    for (const auto& [serial, channel] : channels_) {
      if (channel->group() == name) group.undelivered_bytes += channel->undelivered_bytes();
    }
    judge_group(name, group);
    fill_inbound(name, fate, group);
  }
}

bool Link::any_waits_for_peer() const {
  return std::ranges::any_of(channels_, [](const auto& entry) {
    const Channel& channel = *entry.second;
    return channel.attached() && channel.core().out.stored_raw_bytes() > 0;
  });
}

// Why an earlier channel failed is no news once a later one stands.
void Link::forget_old_reasons() {
  for (const auto& [serial, channel] : channels_) {
    if (!channel->open()) continue;
    const auto port = ports_.find(channel->route());
    if (port != ports_.end() && serial > port->second.reason_serial) port->second.reason.clear();
  }
}

void Link::note_state() {
  if (const std::string state = state_text(); state != last_state_) {
    last_state_ = state;
    state_since_ = loop_.wall_now();
  }
}

void Link::fill_routes(Status& status) const {
  for (const auto& [name, port] : ports_) {
    RouteStatus& route = status.routes[name];
    route.group = port.config.group;
    route.link = name_;
    if (port.config.listen) route.listen = to_string(*port.config.listen);
    if (port.config.target) route.target = to_string(*port.config.target);
    route.channels_total = port.channels_total;
    route.waiting = waiting_.size(name);
    route.reason = port.reason;
    const RouteStanding standing = session_ != nullptr
                                       ? session_->standing(name)
                                       : RouteStanding{.reason = "the link is not up"};
    if (fenced_ || peer_fenced_ || fenced_groups_.contains(port.config.group)) {
      route.state = "fenced";
    } else if (standing.known && !standing.matched) {
      route.state = "mismatched";
      route.reason = standing.reason;
    } else {
      const bool open = up() && !standing.dead_end &&
                        ((port.listener != nullptr && may_open(port)) ||
                         (port.config.target && standing.matched));
      route.state = open ? "open" : "closed";
      if (!open && (route.reason.empty() || standing.dead_end)) {
        route.reason =
            up() ? standing.reason
                 : "the link is " + std::string(uplink_.ever_up() ? "down" : "not yet up");
      }
    }
    for (const auto& [serial, channel] : channels_) {
      if (channel->route() != name) continue;
      route.channels_open += channel->closed() ? 0 : 1;
      if (route.channels.size() < RouteStatus::kChannelsListedMax) {
        route.channels.push_back(channel->status());
      }
    }
    if (port.config.protocol == RouteProtocol::drbd) route.drbd = drbd_status(port);
    if (const std::string_view how = inner_encryption(port); !how.empty()) {
      route.warnings.push_back(
          {.name = "inner_tls",
           .text = format("its connections are encrypted inside ({}): they do not compress", how)});
    }
  }
}

}  // namespace longthrow
