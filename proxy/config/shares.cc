// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/shares.h"

#include <map>
#include <set>

#include "proxy/base/log.h"
#include "proxy/config/units.h"

namespace longthrow {
namespace {

void check_link(const std::string& name, const LinkConfig& link, std::size_t groups,
                std::vector<ShareTrouble>& troubles) {
  const std::uint64_t needed = 4 * kReceiveShareOfGroupMin * groups;
  if (link.memlimit >= needed) return;
  troubles.push_back(
      {"link." + name + ".memlimit",
       format("{} is too small for {} groups: a quarter of it is the receive share, of which "
              "each group needs {}; allowed: at least {}",
              show_size(link.memlimit), groups, show_size(kReceiveShareOfGroupMin),
              show_size(needed))});
}

void check_group(const std::string& name, std::uint64_t share, const LinkConfig& link,
                 std::vector<ShareTrouble>& troubles) {
  const std::uint64_t most = send_share_bytes(link.memlimit);
  if (share <= most) return;
  troubles.push_back(
      {"group." + name + ".share",
       format("{} is more than the send share of its link: {}, three quarters of the memlimit",
              show_size(share), show_size(most))});
}

}  // namespace

std::vector<ShareTrouble> share_troubles(const Config& config) {
  std::vector<ShareTrouble> troubles;
  std::map<std::string, std::string> link_of;
  std::map<std::string, std::set<std::string>> groups_on;
  for (const auto& [name, route] : config.routes) {
    link_of.emplace(route.group, route.link);
    groups_on[route.link].insert(route.group);
  }
  for (const auto& [name, link] : config.links) {
    check_link(name, link, groups_on[name].size(), troubles);
  }
  for (const auto& [name, group] : config.groups) {
    const auto link = config.links.find(link_of[name]);
    if (!group.share || link == config.links.end()) continue;
    check_group(name, *group.share, link->second, troubles);
  }
  return troubles;
}

Result<void> check_shares(const Config& config) {
  const auto troubles = share_troubles(config);
  if (troubles.empty()) return {};
  return fail(troubles.front().key + ": " + troubles.front().what);
}

}  // namespace longthrow
