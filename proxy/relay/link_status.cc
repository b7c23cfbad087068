// SPDX-License-Identifier: Apache-2.0
// Fills in a link's part of the status.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/relay/certificate_ends.h"
#include "proxy/relay/forecast.h"
#include "proxy/relay/group_health.h"
#include "proxy/relay/link.h"

namespace longthrow {
namespace {

// The begin of the minute that comes so many minutes after that of `now`.
WallTime next_minute(WallTime now, int minutes) {
  return std::chrono::floor<std::chrono::minutes>(now) + std::chrono::minutes(minutes);
}

LaneStatus lane_status(const Lane& lane, const SocketStats& tcp) {
  LaneStatus status{.name = lane.index == 0 ? "express" : format("bulk{}", lane.index),
                    .local = lane.local(),
                    .remote = lane.remote(),
                    .dialled_here = lane.dialled_here(),
                    .unsent_bytes = lane.queued_bytes()};
  if (tcp.rtt > Duration(0)) status.tcp.rtt_ms = seconds_of(tcp.rtt) * 1000;
  if (tcp.min_rtt > Duration(0)) status.tcp.min_rtt_ms = seconds_of(tcp.min_rtt) * 1000;
  status.tcp.unsent_bytes = tcp.unsent_bytes;
  status.tcp.in_flight_bytes =
      tcp.unacknowledged_bytes - std::min(tcp.unacknowledged_bytes, tcp.unsent_bytes);
  status.tcp.delivery_rate_bytes_s = tcp.delivery_rate_bytes_s;
  status.tcp.sent_bytes = tcp.sent_bytes;
  status.tcp.sent_again_bytes = tcp.sent_again_bytes;
  status.tcp.busy_s = seconds_of(tcp.busy);
  status.tcp.receive_window_limited_s = seconds_of(tcp.receive_window_limited);
  status.tcp.send_buffer_limited_s = seconds_of(tcp.send_buffer_limited);
  return status;
}

}  // namespace

void Link::fill_status(Status& status) const {
  LinkStatus& link = status.links[name_];
  fill_link(link);
  fill_uplink(link);
  fill_buffer(link);
  for (const auto& [name, group] : routes_.groups().all()) {
    // A group that was removed from the configuration is shown until its last channel is gone.
    if (group->configured() || !group->members.empty()) fill_group(*group, status.groups[name]);
  }
  for (const Route* route : routes_.configured()) fill_route(*route, status.routes[route->name]);
}

// --- the link

void Link::fill_link(LinkStatus& link) const {
  link.paused_since = stops_.paused_since();
  link.fenced = stops_.fenced();
  link.notices = stops_.notices(nullptr);
  link.limited_by = numbers_.limited_by();
  link.lag = numbers_.lag(nullptr);
  for (const auto& [serial, channel] : channels_.all())
    link.undelivered_bytes += channel->undelivered_bytes();

  const LinkRates& rates = numbers_.rates();
  const SendShare& share = buffer_.ingest().share();
  link.rate.in_bytes_s = rates.in_bytes_s();
  link.rate.out_bytes_s = rates.out_bytes_s();
  const Forecast told = forecast({.flows = peer_.up() && !stops_.paused(),
                                  .full = share.full(),
                                  .lag_bytes = link.lag.bytes,
                                  .free_bytes = share.free_bytes(),
                                  .in_bytes_s = rates.in_bytes_s(),
                                  .out_bytes_s = rates.out_bytes_s(),
                                  .ratio = rates.ratio().value_or(1.0)});
  link.drain_eta_s = told.drain_s;
  link.full_eta_s = told.full_s;
  const Compression& compression = buffer_.ingest().frames().compression();
  link.compression.setting = to_string(compression.setting());
  link.compression.codec = to_string(compression.current());
  link.compression.ratio = rates.ratio();
  const FrameMaker::Made& made = buffer_.ingest().frames().made();
  link.compression.raw_bytes = made.raw_bytes;
  link.compression.stored_bytes = made.payload_bytes;
  const BandwidthPlan& bandwidth = peer_.sender().bandwidth();
  link.bandwidth.bytes_s = bandwidth.rate_bytes_s();
  if (bandwidth.window() != nullptr) link.bandwidth.window = bandwidth.window()->text;
  if (const auto minutes = bandwidth.minutes_to_change())
    link.bandwidth.changes_at = next_minute(context_.parts.loop.wall_now(), *minutes);
  if (share.memlimit_bytes() != config_.memlimit) link.differs_from_file.push_back("memlimit");
  if (compression.setting() != config_.compression) link.differs_from_file.push_back("compression");
  if (bandwidth.is_set() && link.bandwidth.bytes_s != config_.bandwidth_bytes_s)
    link.differs_from_file.push_back("bandwidth");
}

void Link::fill_uplink(LinkStatus& link) const {
  const Uplink& uplink = peer_.uplink();
  const bool up = peer_.up();
  link.state = peer_.state();
  link.state_since = numbers_.state_since();
  link.reason = up ? "" : uplink.down_reason();
  if (uplink.down_reason() == Uplink::kNeverConnected && !up && config_.connect.empty()) {
    link.reason =
        "nobody has connected yet: this side only listens, so the peer must dial it; if it "
        "only listens, too, write connect at one of them";
  }
  if (const std::string trouble = context_.parts.tls.trouble(name_); !trouble.empty() && !up)
    link.reason = trouble;
  link.peer = uplink.peering().peer_node();
  if (up) link.rtt_ms = peer_.rtt_ms();
  const auto add_lane = [&](const Lane& lane) {
    link.lanes.push_back(lane_status(lane, context_.parts.loop.stats(lane.socket())));
  };
  const LaneSet& lanes = uplink.lanes();
  if (lanes.express() != nullptr) add_lane(*lanes.express());
  for (const auto& [index, lane] : lanes.bulk()) add_lane(*lane);
  if (uplink.hole().stuck()) {
    link.warnings.push_back(
        {.name = "nothing_passes",
         .text = format("nothing has got through for {:.0f} s of being up: {}",
                        seconds_of(uplink.hole().stuck_for()), Uplink::hole_hint())});
  }
  link.certificate_ends = {.here = context_.parts.tls.certificate_ends(name_),
                           .peer = lanes.peer_certificate_ends()};
  warn_of_certificates(context_.parts.loop.wall_now(), link);
  link.wire_out_bytes = lanes.sent_bytes();
  link.wire_in_bytes = lanes.received_bytes();
  link.retransmitted_bytes = peer_.sender().sent_again_bytes();
  const Peer::Counts& counts = peer_.counts();
  link.reconnects = counts.reconnects;
  link.sessions = counts.sessions;
  link.errors = {.checksum_failures = counts.checksum_failures,
                 .protocol_errors = lanes.protocol_errors(),
                 .memory_refusals = counts.memory_refusals,
                 .refused_peers = counts.refused_peers};
}

void Link::fill_buffer(LinkStatus& link) const {
  const Arena& arena = buffer_.arena();
  auto& buffer = link.buffer;
  buffer.limit_bytes = buffer_.ingest().share().memlimit_bytes();
  buffer.send_limit_bytes = arena.limit_bytes(Share::send);
  buffer.full = buffer_.ingest().share().full();
  buffer.full_s = seconds_of(buffer_.ingest().share().full_time(context_.parts.loop.now()));
  buffer.locked = buffer_.not_locked().empty();
  buffer.receive_used_bytes = arena.used_bytes(Share::receive);
  buffer.receive_limit_bytes = arena.limit_bytes(Share::receive);
  if (peer_.session() != nullptr)
    buffer.receive_granted_bytes = peer_.session()->outstanding_charge_bytes();
  for (const auto& [serial, channel] : channels_.all()) {
    buffer.raw_bytes += channel->stream().unframed_bytes();
    buffer.used_bytes += channel->stream().unframed_bytes();
    if (!channel->attached()) continue;
    buffer.raw_bytes += channel->core().out.stored_raw_bytes();
    buffer.used_bytes += channel->core().out.stored_charge_bytes();
  }
  const Channels::Counts& counts = channels_.counts();
  link.raw_in_bytes = counts.read_bytes;
  link.delivered_bytes = counts.delivered_bytes;
  link.peer_delivered_bytes = ends_.peer_delivered_bytes();
  link.aborted_channels = counts.aborted_channels;
  link.abort_lost_bytes = ends_.untaken_bytes();
}

// --- groups and routes

void Link::fill_group(const Group& group, GroupStatus& status) const {
  status.link = name_;
  status.notices = stops_.notices(&group);
  status.lag = numbers_.lag(&group);
  for (const auto& [serial, channel] : group.members)
    status.undelivered_bytes += channel->undelivered_bytes();
  if (Session* session = peer_.session(); session != nullptr && peer_.up()) {
    const auto found = session->groups().find(group.name);
    status.without_credit = found != session->groups().end() && found->second.waits_for_credit();
  }
  judge_group(group, routes_, peer_.session(), status);
  copies_.fill_inbound(group, status);
  epochs_.fill(group, status);
  status.checkpoints = context_.checkpoints.book.counts(group.name);
}

void Link::fill_route(const Route& route, RouteStatus& status) const {
  const RouteConfig& config = route.config;
  status.group = config.group;
  status.link = name_;
  if (config.listen) status.listen = to_string(*config.listen);
  if (config.target) status.target = to_string(*config.target);
  status.channels_total = route.channels_total;
  status.waiting = doors_.waiting().size(route.name);
  status.reason = route.trouble.text;
  judge_route(route, status);
  for (const auto& [serial, channel] : route.channels) {
    status.channels_open += channel->closed() ? 0 : 1;
    if (status.channels.size() < RouteStatus::kChannelsListedMax)
      status.channels.push_back(channel->status());
  }
  route.guide->fill(status, context_.parts.loop.now());
  if (const std::string_view how = inner_encryption(route); !how.empty()) {
    status.warnings.push_back(
        {.name = "inner_tls",
         .text = format("its connections are encrypted inside ({}): they do not compress", how)});
  }
}

void Link::judge_route(const Route& route, RouteStatus& status) const {
  const bool up = peer_.up();
  const RouteStanding standing = peer_.session() != nullptr
                                     ? peer_.session()->standing(route.name)
                                     : RouteStanding{.reason = "the link is not up"};
  if (stops_.fenced(*route.group) || stops_.peer_fenced()) {
    status.state = RouteState::fenced;
    return;
  }
  if (standing.known && !standing.matched) {
    status.state = RouteState::mismatched;
    status.reason = standing.reason;
    return;
  }
  const bool listens = route.door.listener != nullptr && doors_.may_open(route);
  const bool accepts = route.config.target && standing.matched;
  const bool open = up && !standing.dead_end && (listens || accepts);
  status.state = open ? RouteState::open : RouteState::closed;
  if (open || (!status.reason.empty() && !standing.dead_end)) return;
  status.reason =
      up ? standing.reason
         : "the link is " + std::string(peer_.uplink().ever_up() ? "down" : "not yet up");
}

}  // namespace longthrow
