// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/checkers.h"

#include <algorithm>
#include <array>

#include "proxy/base/log.h"

namespace longthrow::sim {

void check_memory(Cluster& cluster, std::vector<std::string>& violations) {
  for (int side : {0, 1}) {
    if (cluster.node(side) == nullptr) continue;
    const LinkStatus link = cluster.node(side)->status().links.at("wan");
    // The limit may have been lowered by a command: what was in use before is then allowed.
    const std::uint64_t limit = std::max(link.buffer.limit_bytes, cluster.options().memlimit * 2);
    if (link.buffer.used_bytes > limit / 4 * 3) {
      violations.push_back(format("G5: side {} uses {} bytes of its send share, limit {}", side,
                                  link.buffer.used_bytes, link.buffer.limit_bytes));
    }
    if (link.buffer.receive_used_bytes > limit / 4) {
      violations.push_back(format("G5: side {} uses {} bytes of its receive share, limit {}", side,
                                  link.buffer.receive_used_bytes, link.buffer.limit_bytes));
    }
  }
}

void check_lag(Cluster& cluster, std::vector<std::string>& violations) {
  if (cluster.node(0) == nullptr || cluster.node(1) == nullptr) return;
  const Status statuses[2] = {cluster.node(0)->status(), cluster.node(1)->status()};
  for (int side : {0, 1}) {
    std::uint64_t accepted = 0;
    std::uint64_t handed_over = 0;
    for (const auto& [name, route] : statuses[side].routes) {
      for (const ChannelStatus& channel : route.channels) {
        if (channel.state != "open") continue;
        for (const ChannelStatus& other : statuses[1 - side].routes.at(name).channels) {
          if (other.id != channel.id || other.state != "open") continue;
          accepted += channel.in_bytes;
          handed_over += other.out_bytes;
        }
      }
    }
    const std::uint64_t known = handed_over + statuses[side].links.at("wan").lag.bytes +
                                statuses[1 - side].links.at("wan").undelivered_bytes;
    if (accepted > known) {
      violations.push_back(
          format("G7: side {} accepted {} bytes, but only {} are accounted for as "
                 "delivered, undelivered or lag",
                 side, accepted, known));
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
    if (link.state != "up")
      violations.push_back(
          format("side {}: the link is {} at the end: {}", side, link.state, link.reason));
    if (link.buffer.used_bytes != 0 || link.buffer.receive_used_bytes != 0) {
      violations.push_back(
          format("side {}: {} + {} bytes are in use at the end; {} lanes, limited by {}", side,
                 link.buffer.used_bytes, link.buffer.receive_used_bytes, link.lanes.size(),
                 link.limited_by));
    }
    if (link.lag.bytes != 0)
      violations.push_back(format("side {}: lag of {} bytes at the end", side, link.lag.bytes));
    for (const auto& [name, route] : status.routes) {
      if (!route.channels.empty()) {
        violations.push_back(format(
            "side {}: route {} has {} channels at the end, the first is {}, id {}, in {} out {}",
            side, name, route.channels.size(), route.channels.front().state,
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

bool is_protocol_error(LogLevel level, const std::string& line) {
  if (level == LogLevel::error) return true;
  static constexpr std::array kSigns = {"malformed",
                                        "out of place",
                                        "does not keep to its credit",
                                        "never sent",
                                        "never said",
                                        "never opened",
                                        "never named",
                                        "overlap",
                                        "wrong lane",
                                        "wrong number space",
                                        "out of range",
                                        "too many",
                                        "beyond the end",
                                        "sent before",
                                        "second end",
                                        "not stopped",
                                        "sizes disagree",
                                        "more bytes than credit",
                                        "before bytes that were sent",
                                        "failed its checksum",
                                        "corrupt at source",
                                        "record before the hello",
                                        "not bound to this connection",
                                        "unknown record"};
  return std::ranges::any_of(
      kSigns, [&](const char* sign) { return line.find(sign) != std::string::npos; });
}

}  // namespace longthrow::sim
