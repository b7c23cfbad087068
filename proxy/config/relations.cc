// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/relations.h"

#include <set>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/config/options.h"
#include "proxy/config/shares.h"
#include "proxy/config/suggest.h"
#include "proxy/config/units.h"

namespace longthrow {
namespace {

constexpr const char* kHookNeverRun = "this version never runs it";

}  // namespace

Origin Origins::find(std::string path) const {
  for (;;) {
    const auto found = origins_.find(path);
    if (found != origins_.end()) return found->second;
    const auto dot = path.rfind('.');
    path.resize(dot == std::string::npos ? 0 : dot);
    if (path.empty()) break;
  }
  const auto root = origins_.find("");
  return root == origins_.end() ? Origin{} : root->second;
}

void check_links(const Config& config, const Origins& origins, Report& report) {
  if (config.links.empty() && !config.drbd_proxy.tls) {
    report.error(origins.find(""), "",
                 "there is no link; write a [link.NAME] with listen or connect, and tls");
  }
  std::set<std::string> used;
  for (const auto& [name, route] : config.routes) used.insert(route.link);
  for (const auto& [name, link] : config.links) {
    const std::string path = "link." + name;
    if (!origins.contains(path + ".listen") && !origins.contains(path + ".connect")) {
      report.error(origins.find(path), path,
                   "it needs listen (accept the peer here) or connect (dial the peer), or both");
    }
    if (link.dead_after < 2 * link.heartbeat) {
      report.error(origins.find(path + ".dead_after"), path + ".dead_after",
                   format("{} is less than twice the heartbeat ({})",
                          show_duration(link.dead_after), show_duration(link.heartbeat)));
    }
    if (!used.contains(name)) {
      report.warn(origins.find(path), path, "no route uses this link; it will carry nothing");
    }
    if (!link.notify.empty()) {
      report.warn(origins.find(path + ".notify"), path + ".notify", kHookNeverRun);
    }
  }
}

void check_routes(const Config& config, const Origins& origins, Report& report) {
  std::vector<std::string> links;
  for (const auto& [name, link] : config.links) links.push_back(name);
  for (const auto& [name, route] : config.routes) {
    const std::string path = "route." + name;
    if (!route.applied_check.empty()) {
      report.warn(origins.find(path + ".applied_check"), path + ".applied_check", kHookNeverRun);
    }
    if (route.when_down == WhenDown::wait && route.protocol == RouteProtocol::drbd) {
      report.error(
          origins.find(path + ".when_down"), path + ".when_down",
          "with protocol = \"drbd\" a handshake cannot wait for the link: DRBD tries again by "
          "itself");
    }
    if (route.answer_pings != AnswerPings::never && route.protocol != RouteProtocol::drbd) {
      report.error(origins.find(path + ".answer_pings"), path + ".answer_pings",
                   "only routes with protocol = \"drbd\" know DRBD's pings");
    }
    if (!origins.contains(path + ".link")) {
      report.error(origins.find(path), path + ".link",
                   "missing; write link = \"NAME\" of a [link.NAME]");
    } else if (!route.link.empty() && !config.links.contains(route.link)) {
      report.error(origins.find(path + ".link"), path + ".link",
                   format("there is no [link.{}]{}", route.link, did_you_mean(route.link, links)));
    }
    if (!origins.contains(path + ".listen") && !origins.contains(path + ".target")) {
      report.error(origins.find(path), path,
                   "it needs listen (accept here) or target (dial here), or both");
    }
  }
}

void check_groups(const Config& config, const Origins& origins, Report& report) {
  std::map<std::string, const RouteConfig*> first_of;
  for (const auto& [name, route] : config.routes) {
    const auto [first, is_new] = first_of.emplace(route.group, &route);
    if (!is_new && first->second->link != route.link) {
      const std::string key = "route." + name + ".group";
      report.error(
          origins.find(key), key,
          format("the routes of one group are on one link, but \"{}\" is on \"{}\" and on \"{}\"",
                 route.group, first->second->link, route.link));
    }
  }
  for (const ShareTrouble& trouble : share_troubles(config)) {
    report.error(origins.find(trouble.key), trouble.key, trouble.what);
  }
}

void check_drbd_proxy(const Config& config, const Origins& origins, Report& report) {
  const std::string& link = config.drbd_proxy.link;
  if (link.empty() || config.links.contains(link)) return;
  std::vector<std::string> links;
  for (const auto& [name, unused] : config.links) links.push_back(name);
  report.error(origins.find("drbd-proxy.link"), "drbd-proxy.link",
               format("there is no [link.{}]{}", link, did_you_mean(link, links)));
}

}  // namespace longthrow
