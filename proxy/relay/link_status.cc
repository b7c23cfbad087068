// SPDX-License-Identifier: Apache-2.0
// A link as the status shows it.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/relay/forecast.h"
#include "proxy/relay/link.h"

namespace longthrow {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

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
  link.rate.in_bytes_s = rates_.in_bytes_s();
  link.rate.out_bytes_s = rates_.out_bytes_s();
  const Forecast told = forecast({.flows = up() && !paused(),
                                  .full = link.buffer.full,
                                  .lag_bytes = link.lag.bytes,
                                  .free_bytes = ingest_->share().free_bytes(),
                                  .in_bytes_s = rates_.in_bytes_s(),
                                  .out_bytes_s = rates_.out_bytes_s(),
                                  .ratio = rates_.ratio().value_or(1.0)});
  link.drain_eta_s = told.drain_s;
  link.full_eta_s = told.full_s;
  const Compression& compression = ingest_->frames().compression();
  link.compression.setting = to_string(compression.setting());
  link.compression.codec = to_string(compression.current());
  link.compression.ratio = rates_.ratio();
  link.bandwidth_bytes_s = sender_.bandwidth_bytes_s();

  link.reconnects = totals_.reconnects;
  link.sessions = totals_.sessions;
  link.retransmitted_bytes = sender_.sent_again_bytes();
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
  if (sender_.bandwidth_bytes_s() != config_.bandwidth_bytes_s)
    link.differs_from_file.push_back("bandwidth");
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
