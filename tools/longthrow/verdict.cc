// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/verdict.h"

#include <algorithm>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/control/status_json.h"

namespace longthrow::cli {
namespace {

struct Finding {
  Fare fare = Fare::trouble;
  std::string text;
};

std::string since_text(WallTime since) {
  return since == WallTime{} ? std::string() : " since " + control::utc_text(since);
}

// What an administrator has stopped. That the peer was taken over is no wish of this side.
void add_notices(const std::string& of, const std::vector<Notice>& notices,
                 std::vector<Finding>& findings) {
  for (const Notice& notice : notices) {
    const bool here = notice.where == Side::here;
    findings.push_back({notice.what == NoticeKind::fenced && !here ? Fare::trouble : Fare::stopped,
                        format("{} is {} {}{}", of, to_string(notice.what),
                               here ? "here" : "at the peer", since_text(notice.since))});
  }
}

void judge_link(const std::string& name, const LinkStatus& link, std::vector<Finding>& findings) {
  if (link.state != LinkState::up && link.notices.empty()) {
    findings.push_back({Fare::trouble, format("link {} is {}{}: {}", name, to_string(link.state),
                                              since_text(link.state_since), link.reason)});
  }
  add_notices("link " + name, link.notices, findings);
  for (const Warning& warning : link.warnings) {
    if (warning.name != "certificate_ended") continue;
    findings.push_back({Fare::trouble, format("link {}: {}", name, warning.text)});
  }
  if (link.buffer.full)
    findings.push_back({Fare::trouble, format("the buffer of link {} is full", name)});
}

std::vector<Finding> findings_of(const Status& status) {
  std::vector<Finding> findings;
  for (const auto& [name, link] : status.links) judge_link(name, link, findings);
  for (const auto& [name, group] : status.groups) {
    const bool unknown = group.consistent == Consistency::unknown;
    if (group.consistent != Consistency::yes) {
      findings.push_back(
          {Fare::trouble,
           format("group {} is {}: {}", name,
                  unknown ? "not known to be consistent" : "not consistent", group.reason)});
    }
    add_notices("group " + name, group.notices, findings);
  }
  for (const auto& [name, route] : status.routes) {
    if (route.state != RouteState::mismatched) continue;
    findings.push_back({Fare::trouble, format("route {} is mismatched: {}", name, route.reason)});
  }
  return findings;
}

std::string all_well(const Status& status) {
  if (status.links.empty()) return "no link is configured";
  WallTime since{};
  for (const auto& [name, link] : status.links) since = std::max(since, link.state_since);
  return format("{} up{}, all groups consistent",
                status.links.size() == 1 ? "the link is" : "all links are", since_text(since));
}

}  // namespace

NodeVerdict verdict_of(const Status& status) {
  const std::vector<Finding> findings = findings_of(status);
  if (findings.empty()) return {Fare::well, all_well(status)};
  const auto worst = std::ranges::max_element(findings, {}, &Finding::fare);
  std::string text = worst->text;
  if (findings.size() > 1) text += format("; and {} more", findings.size() - 1);
  return {worst->fare, std::move(text)};
}

}  // namespace longthrow::cli
