// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/diff.h"

#include "proxy/base/log.h"
#include "proxy/config/options.h"

namespace longthrow {
namespace {

bool applies_live(const Option& option) {
  return option.apply == Apply::live || option.apply == Apply::new_connections;
}

template <typename T>
void diff_table(Section section, const std::string& name, const T& running, const T& next,
                std::vector<ConfigChange>& changes) {
  for (const Option& option : section_options(section)) {
    if (option.show == nullptr) continue;
    std::string from = option.show(option, &running);
    std::string to = option.show(option, &next);
    if (from == to) continue;
    changes.push_back(
        {name, std::string(option.key), std::move(from), std::move(to), applies_live(option)});
  }
}

template <typename T>
void diff_tables(Section section, const std::map<std::string, T>& running,
                 const std::map<std::string, T>& next, std::vector<ConfigChange>& changes) {
  const auto path = [&](const std::string& name) {
    return format("{}.{}", section_name(section), name);
  };
  for (const auto& [name, table] : running) {
    const auto other = next.find(name);
    if (other == next.end()) {
      changes.push_back({path(name), "", "present", "", true});
    } else {
      diff_table(section, path(name), table, other->second, changes);
    }
  }
  for (const auto& [name, table] : next) {
    if (!running.contains(name)) changes.push_back({path(name), "", "", "present", true});
  }
}

bool is_route(const ConfigChange& change) { return change.section.starts_with("route."); }

}  // namespace

std::vector<ConfigChange> diff(const Config& running, const Config& next) {
  std::vector<ConfigChange> changes;
  diff_table(Section::node, "node", running.node, next.node, changes);
  diff_tables(Section::link, running.links, next.links, changes);
  diff_tables(Section::route, running.routes, next.routes, changes);
  diff_tables(Section::group, running.groups, next.groups, changes);
  diff_table(Section::drbd_proxy, "drbd-proxy", running.drbd_proxy, next.drbd_proxy, changes);
  return changes;
}

std::string to_string(const ConfigChange& change) {
  if (change.key.empty()) {
    return format("[{}] {}", change.section, change.from.empty() ? "added" : "removed");
  }
  const auto shown = [](const std::string& text) { return text.empty() ? "(not set)" : text; };
  std::string line =
      format("[{}] {}: {} -> {}", change.section, change.key, shown(change.from), shown(change.to));
  if (change.live) return line;
  return line + (is_route(change) ? " (not applied: remove the route, reload, add it again, reload)"
                                  : " (not applied: needs a restart of longthrowd)");
}

}  // namespace longthrow
