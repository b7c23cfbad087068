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
  if (auto set = send_share_->set_memlimit(bytes); !set) return set;
  update_receive_window();
  approach_memlimit();
  wake();
  return {};
}

void Link::set_compression(const CompressionSetting& setting) { compression_.set(setting); }

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
  group_configs_ = groups;
  set_ports(routes);
  refresh_routes();
  if (dials_now && express_ == nullptr) {
    redial_at_[0] = loop_.now();
    redial_soon();
  }
}

void Link::pause() {
  if (paused()) return;
  paused_since_ = loop_.wall_now();
  cancel_dials();
  if (express_ != nullptr) {
    drop_lanes(wire::Bye{wire::ByeReason::paused, "the peer's administrator has paused the link"});
    down_since_ = loop_.now();
  }
  down_reason_ = "paused";
  refresh_routes();
  log_info("link {}: paused", name_);
}

void Link::resume() {
  paused_since_.reset();
  down_reason_ = "not yet connected again";
  redial_at_[0] = loop_.now();
  redial_soon();
  log_info("link {}: resumed", name_);
}

void Link::fence() {
  fenced_ = true;
  cancel_dials();
  drop_lanes(wire::Bye{wire::ByeReason::fenced, "the peer was taken over"});
  end_session("takeover");
  down_reason_ = "fenced by a takeover; `longthrow release` ends it";
}

void Link::unfence() {
  fenced_ = false;
  down_reason_ = "not yet connected again";
  redial_at_[0] = loop_.now();
  redial_soon();
  refresh_routes();
}

void Link::fence_group(const std::string& group) {
  fenced_groups_.insert(group);
  std::vector<Channel*> members;
  for (auto& [serial, channel] : channels_) {
    if (channel->attached() && channel->group() == group) members.push_back(channel.get());
  }
  for (Channel* channel : members) channel->end_after_delivery();
  refresh_routes();
}

void Link::unfence_group(const std::string& group) {
  fenced_groups_.erase(group);
  refresh_routes();
}

bool Link::has_group(const std::string& group) const {
  return std::ranges::any_of(ports_,
                             [&](const auto& entry) { return entry.second.config.group == group; });
}

void Link::hold_group(const std::string& group, bool held) {
  if (held) {
    held_groups_.insert(group);
  } else {
    held_groups_.erase(group);
    for (auto& [serial, channel] : channels_) channel->resume_reading();
  }
  refresh_routes();
}

// --- drain, ping, takeover

Link::DrainMarks Link::drain_marks(const std::string& group, bool held) const {
  DrainMarks marks;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached() || channel->group() != group) continue;
    DrainMark& mark = marks[serial];
    mark.bytes = channel->read_bytes() + channel->unread_bytes();
    if (channel->partner() == nullptr || channel->drbd_kind() != drbd::StreamKind::data) continue;
    const drbd::StreamCounters& sent = channel->watch()->outgoing();
    // The barrier behind the last writes follows at the latest when DRBD has nothing else to send.
    mark.barriers = sent.barriers + (sent.writes_open && !held ? 1 : 0);
  }
  return marks;
}

Link::DrainLeft Link::drain_left(const DrainMarks& marks) const {
  DrainLeft left;
  if (planted(Plant::drain_at_once)) return left;
  for (const auto& [serial, mark] : marks) {
    const auto found = channels_.find(serial);
    const bool goes_on =
        found != channels_.end() && found->second->attached() && !found->second->core().out.stopped;
    const bool paired = goes_on && found->second->partner() != nullptr;
    left.pair_ended = left.pair_ended || (mark.barriers > 0 && !paired);
    if (!goes_on) continue;
    const Channel& channel = *found->second;
    const OutStream& out = channel.core().out;
    left.bytes += mark.bytes - std::min(mark.bytes, out.delivered_offset);
    if (!paired) continue;
    const std::uint64_t answered = channel.partner()->watch()->incoming().barrier_acks;
    left.barriers += mark.barriers - std::min(mark.barriers, answered);
  }
  return left;
}

std::uint64_t Link::undelivered_bytes() const {
  std::uint64_t left = 0;
  for (const auto& [serial, channel] : channels_) {
    left += channel->undelivered_bytes();
    if (!channel->attached() || channel->core().out.stopped) continue;
    left += channel->read_bytes() -
            std::min(channel->read_bytes(), channel->core().out.delivered_offset);
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
  session_->set_wall_clock(wall_ns());
  session_->request_heartbeat();
  wake();
}

// --- numbers

void Link::update_rates(TimePoint now, Duration interval) {
  in_rate_.update(interval, totals_.raw_in_bytes);
  out_rate_.update(interval, totals_.frame_bytes_out);
  out_raw_rate_.update(interval, totals_.framed_raw_bytes);
  if (totals_.framed_wire_bytes > 0) {
    ratio_ = static_cast<double>(totals_.framed_raw_bytes) /
             static_cast<double>(totals_.framed_wire_bytes);
  }
  std::uint64_t waiting = 0;
  std::uint64_t backlog = 0;
  for (const auto& [serial, channel] : channels_) {
    waiting += channel->unframed_bytes();
    if (channel->attached()) backlog += channel->core().out.waiting_raw_bytes();
  }
  const int workers = std::max(1, context_.parts.workers.threads());
  const double busy = seconds(codec_time_) / (seconds(interval) * workers);
  codec_time_ = Duration(0);
  compression_.on_interval(
      now, {.interval = std::max(interval, Duration(1)),
            .raw_in_bytes = totals_.raw_in_bytes - last_raw_in_,
            .raw_waiting_bytes = waiting,
            .busy = std::clamp(busy, 0.0, 1.0),
            .wire_backlog_bytes = static_cast<std::uint64_t>(static_cast<double>(backlog) / ratio_),
            .wire_out_bytes = totals_.frame_bytes_out - last_frame_bytes_out_,
            .workers = workers});
  last_raw_in_ = totals_.raw_in_bytes;
  last_frame_bytes_out_ = totals_.frame_bytes_out;
}

void Link::update_groups() {
  if (session_ == nullptr) return;
  note_copies();
  for (auto& [group, state] : session_->groups()) state.unframed = false;
  std::set<std::string> renewed;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached()) continue;
    GroupState& group = *channel->core().group;
    if (channel->unframed_bytes() > 0 || channel->unread_bytes() > 0) group.unframed = true;
    if (!channel->closed() && serial > fates_[group.name].lost_serial) renewed.insert(group.name);
  }
  for (const std::string& group : renewed) {
    if (fates_[group].lost && lag(group).bytes == 0) fates_[group].lost = false;
  }
}

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
    const std::uint64_t bytes =
        channel->read_bytes() + channel->unread_bytes() - out.received_offset();
    if (bytes == 0) continue;
    lag.bytes += bytes;
    note(out.oldest_read_at());
    note(channel->oldest_unframed_at());
  }
  if (oldest) lag.seconds = seconds(loop_.now() - *oldest);
  return lag;
}

std::string Link::limited_by() const {
  if (paused() || peer_paused_) return "paused";
  if (express_ == nullptr || session_ == nullptr) return "down";
  if (session_->blocked_by_credit()) return "peer_disk";
  if (session_->bulk_frames_wait()) {
    const bool throttled = bucket_.rate() != 0 && bulk_has_room();
    return throttled ? "bandwidth" : "wan";
  }
  const bool jobs_taken = context_.jobs.has_workers() && context_.jobs.busy() > 2;
  if (!frame_queue_.empty() || jobs_taken) return "cpu";
  return "source";
}

void Link::fill_status(Status& status) const {
  LinkStatus& link = status.links[name_];
  link.state = up() ? "up" : ever_up_ ? "down" : "connecting";
  link.reason = up() ? "" : down_reason_;
  link.peer = peering_.peer_node();
  link.rtt_ms = rtt_ms().value_or(0.0);
  link.paused_since = paused_since_;
  link.fenced = fenced_;
  link.limited_by = limited_by();
  std::uint64_t wire_out = totals_.wire_out_bytes;
  std::uint64_t wire_in = totals_.wire_in_bytes;
  const auto add_lane = [&](const Lane& lane) {
    wire_out += lane.sent_bytes;
    wire_in += lane.received_bytes;
    link.lanes.push_back({.name = lane.index == 0 ? "express" : format("bulk{}", lane.index),
                          .local = lane.local(),
                          .remote = lane.remote(),
                          .dialled_here = lane.dialled_here(),
                          .unsent_bytes = lane.queued_bytes()});
  };
  if (express_ != nullptr) add_lane(*express_);
  for (const auto& [index, lane] : bulk_) add_lane(*lane);

  link.buffer.limit_bytes = send_share_->memlimit_bytes();
  link.buffer.full = send_share_->full();
  link.buffer.locked = locked_in_memory_;
  link.buffer.receive_used_bytes = arena_->used_bytes(Share::receive);
  for (const auto& [serial, channel] : channels_) {
    link.buffer.raw_bytes += channel->unframed_bytes();
    link.buffer.used_bytes += channel->unframed_bytes();
    link.undelivered_bytes += channel->undelivered_bytes();
    if (!channel->attached()) continue;
    link.buffer.raw_bytes += channel->core().out.stored_raw_bytes();
    link.buffer.used_bytes += channel->core().out.stored_charge_bytes();
  }
  link.lag = lag("");
  link.rate.in_bytes_s = in_rate_.bytes_s();
  link.rate.out_bytes_s = out_rate_.bytes_s();
  const double drained_raw = out_rate_.bytes_s() * ratio_;
  const double growth = in_rate_.bytes_s() - drained_raw;
  if (link.lag.bytes > 0 && growth < 0)
    link.drain_eta_s = static_cast<double>(link.lag.bytes) / -growth;
  const double free_raw = static_cast<double>(arena_->free_bytes(Share::send)) * ratio_;
  if (growth > 1024 && link.lag.bytes > kMiB) link.full_eta_s = free_raw / growth;
  link.compression.setting = to_string(compression_.setting());
  link.compression.codec = to_string(compression_.current());
  link.compression.ratio = ratio_;
  link.bandwidth_bytes_s = bucket_.rate();

  link.reconnects = totals_.reconnects;
  link.sessions = totals_.sessions;
  link.retransmitted_bytes = totals_.retransmitted_bytes;
  link.raw_in_bytes = totals_.raw_in_bytes;
  link.wire_out_bytes = wire_out;
  link.wire_in_bytes = wire_in;
  link.delivered_bytes = totals_.delivered_bytes;
  link.checksum_failures = totals_.checksum_failures;
  link.refused_peers = totals_.refused_peers;
  link.aborted_channels = totals_.aborted_channels;
  link.abort_lost_bytes = totals_.abort_lost_bytes;
  if (send_share_->memlimit_bytes() != config_.memlimit)
    link.differs_from_file.push_back("memlimit");
  if (compression_.setting() != config_.compression)
    link.differs_from_file.push_back("compression");
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
    GroupStatus& group = status.groups[name];
    group.link = name_;
    group.lag = lag(name);
    std::uint64_t channels = 0;
    for (const auto& [serial, channel] : channels_) {
      if (!channel->attached() || channel->group() != name) continue;
      channels += channel->closed() ? 0 : 1;
      group.undelivered_bytes += channel->undelivered_bytes();
    }
    if (fate.lost) {
      group.consistent = false;
      group.reason = fate.lost_reason;
    } else if (fate.carried && channels == 0) {
      group.consistent = false;
      group.reason = "it has carried channels and has none now: nothing is being replicated";
    } else if (std::string trouble = disk_trouble(name); !trouble.empty()) {
      group.consistent = false;
      group.reason = std::move(trouble);
    }
    fill_inbound(name, fate, group);
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
      const bool open =
          up() && (port.listener != nullptr || (port.config.target && standing.matched));
      route.state = open ? "open" : "closed";
      if (!open && route.reason.empty()) {
        route.reason =
            up() ? standing.reason : "the link is " + std::string(ever_up_ ? "down" : "not yet up");
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
  }
}

}  // namespace longthrow
