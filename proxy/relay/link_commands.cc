// SPDX-License-Identifier: Apache-2.0
// What an administrator can set, stop and take over on a link.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {
namespace {

constexpr std::uint64_t kExpressReserveBytes = 256 * kKiB;

}  // namespace

// --- the configuration

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

void Link::set_routes(const std::map<std::string, RouteConfig>& routes) {
  using enum LossReason;
  for (Route* route : routes_.configured()) {
    const auto stays = routes.find(route->name);
    if (stays == routes.end()) {
      doors_.close(*route);
      doors_.drop_waiting(*route, {route_removed, "the route was removed"});
      channels_.abort_route(*route,
                            {route_removed, "the route was removed from the configuration"});
      continue;
    }
    const RouteConfig& config = stays->second;
    if (route->config.group != config.group || route->config.protocol != config.protocol) {
      channels_.abort_route(*route,
                            {route_removed, "the route was given another group or protocol"});
    }
    if (route->config.listen != config.listen) doors_.close(*route);
  }
  routes_.set(routes);
  const bool any_drbd = std::ranges::any_of(
      routes, [](const auto& entry) { return entry.second.protocol == RouteProtocol::drbd; });
  const bool paces = any_drbd || routes.size() > 1;
  peer_.uplink().pacing().set_queue(paces ? BulkPacing::Queue::stays_short
                                          : BulkPacing::Queue::may_fill);
  buffer_.ingest().share().set_express_reserve(paces ? kExpressReserveBytes : 0);
  update_receive_window();
}

void Link::reload(const LinkConfig& config, const std::map<std::string, RouteConfig>& routes,
                  const std::map<std::string, GroupConfig>& groups, SetValues values) {
  const bool keep = values == SetValues::keep;
  if (!keep || config.memlimit != config_.memlimit) {
    if (auto set = set_memlimit(config.memlimit); !set)
      log_error("link {}: memlimit stays as it was: {}", name_, set.error().message);
  }
  if (!keep || config.compression != config_.compression) set_compression(config.compression);
  if (!keep || config.bandwidth_bytes_s != config_.bandwidth_bytes_s ||
      config.bandwidth_schedule != config_.bandwidth_schedule) {
    peer_.sender().bandwidth().configure(config.bandwidth_bytes_s, config.bandwidth_schedule);
  }
  const bool dials_now = !config.connect.empty() && config_.connect.empty();
  config_ = config;
  buffer_.ingest().set_groups(groups);
  epochs_.configure(groups);
  checkpoints_.configure(groups);
  set_routes(routes);
  // A hold ends with its group, so that a later group of the same name begins without it.
  for (const auto& [name, group] : routes_.groups().all()) {
    if (!group->configured() && group->held()) end_hold(*group);
  }
  doors_.refresh();
  if (dials_now && !peer_.uplink().up()) peer_.uplink().dial_now();
}

// --- set

Result<void> Link::set_memlimit(std::uint64_t bytes) {
  if (bytes < kMemlimitMin) return fail("memlimit must be at least 16MiB");
  if (auto set = buffer_.ingest().share().set_memlimit(bytes); !set) return set;
  update_receive_window();
  approach_memlimit();
  wake();
  return {};
}

void Link::set_compression(const CompressionSetting& setting) {
  buffer_.ingest().frames().compression().set(setting);
}

void Link::set_bandwidth(std::uint64_t bytes_s) {
  peer_.sender().bandwidth().set(bytes_s);
  wake();
}

// --- pause, hold

void Link::pause() {
  if (stops_.paused()) return;
  stops_.put(NoticeKind::paused, nullptr, format("pause {}", name_));
  const std::string text = stops_.text(NoticeKind::paused);
  peer_.go_down({wire::ByeReason::paused, text}, text);
  doors_.refresh();
}

// session_timeout counts from now.
void Link::resume() {
  stops_.take(NoticeKind::paused, nullptr);
  if (peer_.uplink().down_since()) peer_.uplink().count_down_from_now();
  peer_.come_back();
  doors_.refresh();
}

void Link::hold(Group& group) {
  stops_.put(NoticeKind::held, &group, format("drain {} --hold", group.name));
  for (const auto& [serial, channel] : group.members) channel->stop_reading();
  doors_.refresh();
}

void Link::end_hold(Group& group) {
  stops_.take(NoticeKind::held, &group);
  channels_.resume_reading();
  doors_.refresh();
}

// --- takeover

void Link::fence() {
  for (const auto& [name, group] : routes_.groups().all())
    group->taken_lost_bytes = group->taken_left_out_bytes = 0;
  stops_.put(NoticeKind::fenced, nullptr, format("takeover {}", name_));
  const std::string text = stops_.text(NoticeKind::fenced);
  Uplink& uplink = peer_.uplink();
  uplink.cancel_dials();
  uplink.drop_lanes(
      wire::Bye{wire::ByeReason::fenced, format("the peer was taken over: {}", text)});
  peer_.end_session({LossReason::takeover, "takeover"});
  uplink.set_down_reason(format("{}; `longthrow release {}` ends it", text, name_));
  uplink.tell_peer_after(Duration(0));
}

void Link::unfence() {
  stops_.take(NoticeKind::fenced, nullptr);
  peer_.come_back();
  doors_.refresh();
}

void Link::fence(Group& group) {
  group.taken_lost_bytes = group.taken_left_out_bytes = 0;
  checkpoints_.end("the group was taken over", &group);
  if (peer_.session() != nullptr) copies_.note();
  stops_.put(NoticeKind::fenced, &group, format("takeover {}", group.name));
  channels_.hand_over(group);
  doors_.refresh();
}

void Link::unfence(Group& group) {
  stops_.take(NoticeKind::fenced, &group);
  doors_.refresh();
}

LeftToHandOver Link::left_to_hand_over(const Group& group) {
  LeftToHandOver left;
  for (const auto& [serial, channel] : group.members) {
    if (channel->closed()) continue;
    ++left.legs;
    left.bytes += channel->undelivered_bytes();
  }
  return left;
}

}  // namespace longthrow
