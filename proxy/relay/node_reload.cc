// SPDX-License-Identifier: Apache-2.0
// How a running node changes to another configuration.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/relay/node_impl.h"

namespace longthrow {

// First the steps that can fail (open ports, add links, load keys), undone on failure; then the
// ones that cannot.
Answer NodeImpl::run(const Reload& command) {
  const Config& config = command.config;
  if (auto possible = can_reload(config); !possible)
    return {.ok = false, .message = possible.error().message};
  if (command.dry_run) return {.message = "nothing was changed"};
  if (auto begun = begin_reload(command); !begun) {
    remove_links_beside(config_);
    close_ports_beside(config_);
    return {.ok = false, .message = begun.error().message};
  }
  for (const auto& [name, link] : config.links) {
    links_.at(name)->reload(
        link, routes_of(config, name), groups_of(config, name),
        command.keep_set_values ? Link::SetValues::keep : Link::SetValues::forget);
  }
  remove_links_beside(config);
  close_ports_beside(config);
  const NodeConfig fixed = config_.node;
  config_ = config;
  config_.node = fixed;
  config_.node.log_level = config.node.log_level;
  config_.node.stop_timeout = config.node.stop_timeout;
  set_log_level(config_.node.log_level);
  apply_fences();
  return {.message = "the configuration was reloaded"};
}

Result<void> NodeImpl::can_reload(const Config& config) const {
  for (const auto& [name, link] : config.links) {
    const auto running = links_.find(name);
    const std::uint64_t memlimit_max =
        running != links_.end() ? running->second->memlimit_max() : link.memlimit;
    if (auto possible = Link::check(name, link, routes_of(config, name), memlimit_max); !possible) {
      return possible;
    }
  }
  return {};
}

Result<void> NodeImpl::begin_reload(const Reload& command) {
  const Config& config = command.config;
  if (auto opened = open_ports(config); !opened) return opened;
  for (const auto& [name, link] : config.links) {
    if (links_.contains(name)) continue;
    if (auto added = add_link(config, name); !added) return added;
  }
  // With keep_set_values only changed key files are loaded: a broken key file of another link must
  // not refuse this change.
  return command.keep_set_values ? parts_.tls.load_changed(config) : parts_.tls.load(config);
}

void NodeImpl::remove_links_beside(const Config& config) {
  for (auto link = links_.begin(); link != links_.end();) {
    if (config.links.contains(link->first)) {
      ++link;
      continue;
    }
    tasks_.hinder(Hindrance::link_removed, link->second.get());
    link->second->stop({LossReason::route_removed, "the link was removed by a reload"});
    removed_links_.retire(std::move(link->second));
    link = links_.erase(link);
  }
}

}  // namespace longthrow
