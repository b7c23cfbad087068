// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/group_health.h"

#include <algorithm>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/relay/channel_ends.h"

namespace longthrow {
namespace {

// Why the copy that a route makes cannot be trusted; "": no reason is known.
std::string route_trouble(const Route& route, const Session* session) {
  const auto open = std::ranges::count_if(route.channels, [](const auto& entry) {
    return entry.second->attached() && !entry.second->closed();
  });
  std::string trouble = route.health.trouble(route.config.protocol, static_cast<std::size_t>(open));
  if (!trouble.empty()) return trouble;
  if (session != nullptr && route.health.carried()) {
    const RouteStanding standing = session->standing(route.name);
    if (standing.known && !standing.matched)
      return format("nothing is being replicated: {}", standing.reason);
  }
  return route.guide->trouble();
}

}  // namespace

void observe_health(Route& route) {
  std::vector<RouteHealth::OpenChannel> open;
  for (const auto& [serial, channel] : route.channels) {
    if (!channel->attached() || channel->closed()) continue;
    const OutStream& out = channel->core().out;
    const std::uint64_t taken = channel->read_bytes() + channel->looked().unread_bytes;
    const std::uint64_t lag = out.stopped ? ChannelEnds::given_in_vain(*channel)
                                          : taken - std::min(taken, out.received_offset());
    open.push_back({.serial = serial,
                    .carried_bytes = channel->read_bytes() + channel->core().in.consumed_offset(),
                    .waiting_bytes = lag + channel->looked().undelivered_bytes});
  }
  if (!open.empty()) route.health.observe(open);
}

void judge_group(const Group& group, const RouteTable& routes, const Session* session,
                 GroupStatus& status) {
  std::string unknown;
  for (const Route* route : routes.configured()) {
    if (route->group != &group) continue;
    const auto add = [&](std::string& to, const std::string& reason) {
      if (reason.empty()) return;
      to += format("{}route {}: {}", to.empty() ? "" : "; ", route->name, reason);
    };
    add(status.reason, route_trouble(*route, session));
    if (route->health.carried()) add(unknown, route->guide->unknown());
  }
  // A group without configured routes has none that could judge it.
  if (!group.configured())
    unknown = "it has left the configuration, and its last connections are ending";
  if (unknown.empty() && group.copy.restored) {
    unknown =
        "no connection has come since this node was started: what was lost before is not known";
  }
  if (!status.reason.empty()) {
    status.consistent = Consistency::no;
  } else if (!unknown.empty()) {
    status.consistent = Consistency::unknown;
    status.reason = unknown;
  }
}

std::vector<std::string> accept_copies(Group& group, const RouteTable& routes) {
  std::vector<std::string> accepted;
  for (Route* route : routes.configured()) {
    if (route->group != &group) continue;
    const std::string before = route_trouble(*route, nullptr);
    route->health.accept();
    if (route_trouble(*route, nullptr) == before) continue;
    accepted.push_back(format("route {}: {}", route->name, before));
  }
  if (group.shortfall.bytes > 0 && accepted.empty())
    accepted.push_back(
        format("{} bytes were not delivered: {}", group.shortfall.bytes, group.shortfall.reason));
  group.shortfall = {};
  if (std::exchange(group.copy.restored, false))
    accepted.emplace_back("what was lost before this node was started is not known");
  return accepted;
}

}  // namespace longthrow
