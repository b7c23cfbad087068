// SPDX-License-Identifier: Apache-2.0
#include "proxy/explain/measure.h"

#include <algorithm>

namespace longthrow::explain {
namespace {

// Less than that on a lane says nothing of the WAN.
constexpr std::uint64_t kSentBytesMin = 64 * 1024;
constexpr double kBusySecondsMin = 0.05;

template <typename Map>
auto* find_in(const Map& map, const std::string& name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

// How much a total has grown. A total that has become smaller has begun anew.
double grown(std::uint64_t before, std::uint64_t now) {
  return static_cast<double>(now >= before ? now - before : now);
}

// The same connection in the earlier look; all zero if it is newer.
LaneStatus lane_before(const LinkStatus* link, const LaneStatus& lane) {
  if (link == nullptr) return {};
  const auto found = std::ranges::find_if(link->lanes, [&](const LaneStatus& other) {
    return other.name == lane.name && other.local == lane.local && other.remote == lane.remote;
  });
  return found == link->lanes.end() ? LaneStatus{} : *found;
}

void measure_round_trip(const LinkStatus& link, Numbers& numbers) {
  auto& tcp = numbers.tcp;
  for (const LaneStatus& lane : link.lanes) {
    if (lane.tcp.min_rtt_ms) {
      tcp.min_rtt_ms =
          std::min(tcp.min_rtt_ms.value_or(*lane.tcp.min_rtt_ms), *lane.tcp.min_rtt_ms);
    }
    if (lane.name == "express") continue;
    if (lane.tcp.rtt_ms)
      tcp.rtt_ms = std::max(tcp.rtt_ms.value_or(*lane.tcp.rtt_ms), *lane.tcp.rtt_ms);
    tcp.waiting_bytes += lane.unsent_bytes + lane.tcp.unsent_bytes;
  }
  if (!tcp.rtt_ms) tcp.rtt_ms = link.rtt_ms;
}

void measure_lanes(const LinkStatus* before, const LinkStatus& link, Numbers& numbers) {
  double sent = 0;
  double again = 0;
  double busy = 0;
  double by_window = 0;
  double by_buffer = 0;
  for (const LaneStatus& lane : link.lanes) {
    if (lane.name == "express") continue;
    const auto then = lane_before(before, lane).tcp;
    sent += grown(then.sent_bytes, lane.tcp.sent_bytes);
    again += grown(then.sent_again_bytes, lane.tcp.sent_again_bytes);
    busy += lane.tcp.busy_s - then.busy_s;
    by_window += lane.tcp.receive_window_limited_s - then.receive_window_limited_s;
    by_buffer += lane.tcp.send_buffer_limited_s - then.send_buffer_limited_s;
  }
  if (sent >= kSentBytesMin) numbers.tcp.sent_again_share = std::min(1.0, again / sent);
  if (busy < kBusySecondsMin) return;
  numbers.tcp.receive_window_share = std::clamp(by_window / busy, 0.0, 1.0);
  numbers.tcp.send_buffer_share = std::clamp(by_buffer / busy, 0.0, 1.0);
}

double growth(const Lag& before, const Lag& now, double seconds) {
  return (static_cast<double>(now.bytes) - static_cast<double>(before.bytes)) / seconds;
}

// What programs gave between the looks, and what their targets got here and at the peer.
struct Moved {
  double in = 0;
  double out = 0;
  double delivered = 0;
  std::uint64_t held_at_peer = 0;
};

std::uint64_t held_at_peer(const ChannelStatus& channel) {
  const std::uint64_t lacks = channel.lag_bytes + channel.delivered_bytes;
  return channel.in_bytes - std::min(channel.in_bytes, lacks);
}

// `concerns(route)`: whether it counts.
template <typename Concerns>
Moved moved_by(const Looks& looks, Concerns concerns) {
  Moved moved;
  for (const auto& [name, route] : looks.now().routes) {
    if (!concerns(route)) continue;
    const RouteStatus* before = looks.route_before(name);
    for (const ChannelStatus& channel : route.channels) {
      ChannelStatus then;
      if (before != nullptr) {
        const auto found = std::ranges::find(before->channels, channel.id, &ChannelStatus::id);
        if (found != before->channels.end()) then = *found;
      }
      moved.in += grown(then.in_bytes, channel.in_bytes);
      moved.out += grown(then.out_bytes, channel.out_bytes);
      moved.delivered += grown(then.delivered_bytes, channel.delivered_bytes);
      moved.held_at_peer += held_at_peer(channel);
    }
  }
  return moved;
}

}  // namespace

Looks::Looks(const Status* before, const Status& now) : before_(before), now_(now) {
  if (before != nullptr) seconds_ = now.uptime_s - before->uptime_s;
  if (seconds_ >= kSecondsMin) return;
  before_ = nullptr;
  seconds_ = 0.0;
}

const LinkStatus* Looks::link_before(const std::string& name) const {
  return before_ == nullptr ? nullptr : find_in(before_->links, name);
}
const GroupStatus* Looks::group_before(const std::string& name) const {
  return before_ == nullptr ? nullptr : find_in(before_->groups, name);
}
const RouteStatus* Looks::route_before(const std::string& name) const {
  return before_ == nullptr ? nullptr : find_in(before_->routes, name);
}

Numbers measure_link(const Looks& looks, const std::string& name) {
  const LinkStatus& link = looks.now().links.at(name);
  Numbers numbers{.in_bytes_s = link.rate.in_bytes_s,
                  .out_bytes_s = link.rate.out_bytes_s,
                  .ratio = link.compression.ratio,
                  .lag = link.lag,
                  .drain_s = link.drain_eta_s,
                  .full_s = link.full_eta_s,
                  .undelivered_bytes = link.undelivered_bytes};
  if (link.buffer.send_limit_bytes > 0) {
    numbers.buffer_share = static_cast<double>(link.buffer.used_bytes) /
                           static_cast<double>(link.buffer.send_limit_bytes);
  }
  measure_round_trip(link, numbers);
  const LinkStatus* before = looks.link_before(name);
  if (before == nullptr) return numbers;
  const double seconds = looks.seconds();
  numbers.seconds = seconds;
  numbers.in_bytes_s = grown(before->raw_in_bytes, link.raw_in_bytes) / seconds;
  numbers.out_bytes_s = grown(before->wire_out_bytes, link.wire_out_bytes) / seconds;
  numbers.from_peer_bytes_s = grown(before->wire_in_bytes, link.wire_in_bytes) / seconds;
  numbers.handed_bytes_s = grown(before->delivered_bytes, link.delivered_bytes) / seconds;
  numbers.lag_growth_bytes_s = growth(before->lag, link.lag, seconds);
  measure_lanes(before, link, numbers);
  const Moved moved = moved_by(looks, [&](const auto& route) { return route.link == name; });
  numbers.held_at_peer_bytes = moved.held_at_peer;
  numbers.delivered_bytes_s = moved.delivered / seconds;
  return numbers;
}

Numbers measure_group(const Looks& looks, const std::string& name) {
  const GroupStatus& group = looks.now().groups.at(name);
  Numbers numbers;
  if (looks.now().links.contains(group.link)) numbers = measure_link(looks, group.link);
  numbers.lag = group.lag;
  numbers.undelivered_bytes = group.undelivered_bytes;
  for (auto* of_the_link : {&numbers.in_bytes_s, &numbers.out_bytes_s, &numbers.from_peer_bytes_s,
                            &numbers.handed_bytes_s, &numbers.lag_growth_bytes_s, &numbers.drain_s})
    of_the_link->reset();
  numbers.held_at_peer_bytes.reset();
  const GroupStatus* before = looks.group_before(name);
  if (before == nullptr) return numbers;
  const Moved moved = moved_by(looks, [&](const auto& route) { return route.group == name; });
  numbers.held_at_peer_bytes = moved.held_at_peer;
  numbers.delivered_bytes_s = moved.delivered / looks.seconds();
  numbers.in_bytes_s = moved.in / looks.seconds();
  numbers.handed_bytes_s = moved.out / looks.seconds();
  numbers.lag_growth_bytes_s = growth(before->lag, group.lag, looks.seconds());
  return numbers;
}

}  // namespace longthrow::explain
