// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/checkers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "proxy/base/log.h"

namespace longthrow::sim {

void MemoryChecker::check(Cluster& cluster, const Statuses& statuses,
                          std::vector<std::string>& violations) {
  for (const int side : {0, 1}) {
    NodeImpl* node = cluster.node(side);
    if (node != nodes_[side]) shares_[side][0] = shares_[side][1] = Share{};
    nodes_[side] = node;
    if (node == nullptr) continue;
    const LinkStatus& link = statuses[side]->links.at("wan");
    const TimePoint now = cluster.loop(side)->now();
    const std::uint64_t quarter = link.buffer.limit_bytes / 4;
    judge(shares_[side][0], link.buffer.used_bytes, quarter * 3, now,
          format("side {}: the send share", side), violations);
    judge(shares_[side][1], link.buffer.receive_used_bytes, quarter, now,
          format("side {}: the receive share", side), violations);
  }
}

void MemoryChecker::judge(Share& share, std::uint64_t used_bytes, std::uint64_t limit_bytes,
                          TimePoint now, const std::string& who,
                          std::vector<std::string>& violations) {
  // Until credit that was given has come back, and the node has looked again.
  constexpr Duration kSettling = std::chrono::seconds(30);
  if (limit_bytes >= share.allowed_bytes) {
    share = {.allowed_bytes = limit_bytes};
  } else if (used_bytes > limit_bytes) {
    share.reached_at = kNever;
  } else if (share.reached_at == kNever) {
    share.reached_at = now;
  } else if (now - share.reached_at > kSettling) {
    share = {.allowed_bytes = limit_bytes};
  }
  if (used_bytes > share.allowed_bytes) {
    violations.push_back(
        format("G5: {} has {} bytes in use, of {}", who, used_bytes, share.allowed_bytes));
  }
}

void SumChecker::check(Cluster& cluster, const Statuses& statuses,
                       std::vector<std::string>& violations) {
  for (const int side : {0, 1}) {
    if (cluster.node(side) == nullptr) continue;
    const LinkStatus& link = statuses[side]->links.at("wan");
    const double at_s = seconds_of(cluster.loop(side)->now().time_since_epoch());
    const Seen now{.started_s = at_s - statuses[side]->uptime_s,
                   .at_s = at_s,
                   .full_s = link.buffer.full_s,
                   .delivered_bytes = link.delivered_bytes,
                   .peer_delivered_bytes = link.peer_delivered_bytes};
    const Seen before = std::exchange(seen_[side], now);
    const auto violate = [&](const std::string& what) {
      violations.push_back(format("side {}: {}", side, what));
    };
    if (link.peer_delivered_bytes > link.raw_in_bytes)
      violate(format("the peer has delivered {} of {} bytes", link.peer_delivered_bytes,
                     link.raw_in_bytes));
    constexpr double kRounding = 1e-4;
    if (std::abs(now.started_s - before.started_s) > kRounding) continue;
    const double full_s = now.full_s - before.full_s;
    if (full_s < 0 || full_s > now.at_s - before.at_s + kRounding)
      violate(format("the share was full for {} s of {} s", full_s, now.at_s - before.at_s));
    if (now.delivered_bytes < before.delivered_bytes ||
        now.peer_delivered_bytes < before.peer_delivered_bytes)
      violate("a sum of delivered bytes has fallen");
  }
}

void AnswerChecker::check(Cluster& cluster, const Statuses& statuses, const Shadow& shadow,
                          TimePoint now, std::vector<std::string>& violations) const {
  if (!statuses[0] || !statuses[1]) return;
  const auto violate = [&](std::string what) { violations.push_back(std::move(what)); };
  const std::uint64_t unreaped[2] = {cluster.loop(0)->unreaped_bytes(),
                                     cluster.loop(1)->unreaped_bytes()};
  check_lag(shadow, statuses, unreaped, now, violate);
  check_delivered(shadow, statuses, violate);
  check_copies(shadow, statuses, now, violate);
}

namespace {

const GroupStatus* find_group(const Status& status, const std::string& name) {
  const auto found = status.groups.find(name);
  return found != status.groups.end() ? &found->second : nullptr;
}

// Both nodes show it, in one of these states.
bool is_at_both(const Statuses& statuses, const ShadowStream& stream, const Shadow& shadow,
                std::initializer_list<ChannelState> states) {
  const ChannelStatus* at_source =
      find_channel(*statuses[stream.from], shadow.route_name(stream), stream.channel_id);
  // A new session uses the numbers of channels again.
  if (at_source == nullptr || at_source->remote != stream.source->address()) return false;
  return std::ranges::all_of(statuses, [&](const std::optional<Status>& status) {
    const ChannelStatus* channel =
        find_channel(*status, shadow.route_name(stream), stream.channel_id);
    return channel != nullptr && std::ranges::find(states, channel->state) != states.end();
  });
}

double seconds_of(Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

// Of each group, lag and what the peer has undelivered are together at least what targets lack of
// what their writers have given; and so old.
void AnswerChecker::check_lag(const Shadow& shadow, const Statuses& statuses,
                              const std::uint64_t (&unreaped)[2], TimePoint now,
                              const Violate& violate) const {
  struct Missing {
    std::uint64_t bytes = 0;
    TimePoint since = kNever;
    std::string streams;
  };
  std::map<std::string, Missing> missing[2];
  for (const ShadowStream& stream : shadow.streams()) {
    // Where processes stand still, kernels take bytes of legs that are already given up.
    const bool counts = stream.is_over ? stream.missing_bytes() >= kTrifleBytes && !stalls_ &&
                                             now - stream.over_at > kLook
                                       : is_at_both(statuses, stream, shadow, {ChannelState::open});
    if (!counts || stream.missing_bytes() == 0) continue;
    Missing& of = missing[stream.from][stream.group];
    of.bytes += stream.missing_bytes();
    of.streams += " " + stream.describe();
    of.since = std::min(of.since, stream.missing_since().value_or(kNever));
  }
  for (const int side : {0, 1}) {
    for (const auto& [name, truth] : missing[side]) {
      const GroupStatus* here = find_group(*statuses[side], name);
      const GroupStatus* there = find_group(*statuses[1 - side], name);
      if (here == nullptr || there == nullptr) continue;
      if (truth.bytes > here->lag.bytes + there->undelivered_bytes + unreaped[side]) {
        violate(format(
            "G7: of group {} the targets lack {} bytes that side {} has accepted; its lag "
            "is {}, the peer has {} undelivered:{}",
            name, truth.bytes, side, here->lag.bytes, there->undelivered_bytes, truth.streams));
      } else if (there->undelivered_bytes == 0 && truth.since != kNever && !stalls_ &&
                 here->lag.seconds + kSlackSeconds < seconds_of(now - truth.since)) {
        violate(
            format("G7: group {}: the targets lack bytes of {:.3f} s ago, and side {} says a "
                   "lag of {:.3f} s:{}",
                   name, seconds_of(now - truth.since), side, here->lag.seconds, truth.streams));
      }
    }
  }
}

// What a node calls delivered is in the target's kernel.
void AnswerChecker::check_delivered(const Shadow& shadow, const Statuses& statuses,
                                    const Violate& violate) {
  for (const ShadowStream& stream : shadow.streams()) {
    const ChannelStatus* channel =
        find_channel(*statuses[stream.from], shadow.route_name(stream), stream.channel_id);
    // A new session uses the numbers of channels again.
    if (channel == nullptr || stream.source->channel() != stream.record ||
        channel->remote != stream.source->address()) {
      continue;
    }
    if (channel->delivered_bytes <= stream.received_bytes) continue;
    violate(format("G4: side {} calls {} bytes of a channel delivered: {}", stream.from,
                   channel->delivered_bytes, stream.describe()));
  }
}

// A copy is never called newer than the first byte that it lacks, nor consistent when a stream of
// it was cut off and nothing came after.
void AnswerChecker::check_copies(const Shadow& shadow, const Statuses& statuses, TimePoint now,
                                 const Violate& violate) const {
  for (const int side : {0, 1}) {
    for (const auto& [name, group] : statuses[side]->groups) {
      if (group.consistent != Consistency::yes) continue;
      for (const ShadowStream& stream : shadow.streams()) {
        if (stream.group != name || stream.missing_bytes() == 0) continue;
        const bool is_copy = stream.from != side;
        // What is held here is usable; a stream that ends is judged by its loss.
        const auto since = stream.missing_since(group.undelivered_bytes);
        if (is_copy && group.inbound.age_s && since &&
            is_at_both(statuses, stream, shadow, {ChannelState::open, ChannelState::half_closed}) &&
            !stalls_ && *group.inbound.age_s + kSlackSeconds < seconds_of(now - *since)) {
          violate(format(
              "G7: side {} calls its copy of group {} {:.3f} s old; it lacks bytes of {:.3f} s "
              "ago: {}, t {:.3f}",
              side, name, *group.inbound.age_s, seconds_of(now - *since), stream.describe(),
              seconds_of(now.time_since_epoch())));
        }
        const bool both_up = statuses[0]->links.at("wan").state == LinkState::up &&
                             statuses[1]->links.at("wan").state == LinkState::up;
        // A copy of which nothing has come knows of nothing; one that was taken over is whole as it
        // stands.
        const bool knows = !is_copy || (stream.record->forward.reader_seen && !takes_over_);
        if (both_up && knows && stream.is_over && stream.missing_bytes() >= kTrifleBytes &&
            now - stream.over_at > kNotice) {
          violate(
              format("G7: side {} calls group {} consistent; stream {:x} of it was cut off "
                     "{} bytes before its end, and nothing came after: {}, t {:.3f}",
                     side, name, stream.record->id, stream.missing_bytes(), stream.describe(),
                     std::chrono::duration<double>(now.time_since_epoch()).count()));
        }
      }
    }
  }
}

void check_no_leaks(Cluster& cluster, std::vector<std::string>& violations) {
  for (int side : {0, 1}) {
    if (cluster.node(side) == nullptr) {
      violations.push_back(format("side {} is not running at the end", side));
      continue;
    }
    const Status status = cluster.node(side)->status();
    const LinkStatus& link = status.links.at("wan");
    if (link.state != LinkState::up)
      violations.push_back(format("side {}: the link is {} at the end: {}", side,
                                  to_string(link.state), link.reason));
    if (link.buffer.used_bytes != 0 || link.buffer.receive_used_bytes != 0) {
      violations.push_back(
          format("side {}: {} + {} bytes are in use at the end; {} lanes, limited by {}", side,
                 link.buffer.used_bytes, link.buffer.receive_used_bytes, link.lanes.size(),
                 to_string(link.limited_by)));
    }
    if (link.lag.bytes != 0)
      violations.push_back(format("side {}: lag of {} bytes at the end", side, link.lag.bytes));
    for (const auto& [name, route] : status.routes) {
      if (!route.channels.empty()) {
        violations.push_back(format(
            "side {}: route {} has {} channels at the end, the first is {}, id {}, in {} out {}",
            side, name, route.channels.size(), to_string(route.channels.front().state),
            route.channels.front().id, route.channels.front().in_bytes,
            route.channels.front().out_bytes));
      }
    }
    // A WAN port, an accept for each route, two operations a lane, and what dials leave.
    constexpr std::size_t kOperationsMax = 48;
    if (cluster.loop(side)->operations_in_flight() > kOperationsMax) {
      violations.push_back(format("side {}: {} operations are in flight at the end", side,
                                  cluster.loop(side)->operations_in_flight()));
    }
  }
}

void ErrorChecker::check(const PeerErrors& errors, std::vector<std::string>& violations) {
  const PeerErrors before = std::exchange(told_, errors);
  if (errors.protocol_errors > before.protocol_errors) {
    violations.push_back(format("protocol: {} breaches by one of our own nodes",
                                errors.protocol_errors - before.protocol_errors));
  }
  if (errors.checksum_failures > before.checksum_failures && !options_.damages_memory) {
    violations.push_back(format("protocol: {} frames failed their checksum, and none was damaged",
                                errors.checksum_failures - before.checksum_failures));
  }
  if (errors.memory_refusals > before.memory_refusals && !options_.refuses_memory) {
    violations.push_back(format("G5: {} frames found no memory, and none was refused",
                                errors.memory_refusals - before.memory_refusals));
  }
}

}  // namespace longthrow::sim
