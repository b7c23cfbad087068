// SPDX-License-Identifier: Apache-2.0
// What an administrator sets, and stops, on a link.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {

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
  sender_.set_bandwidth(bytes_s);
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

}  // namespace longthrow
