// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "proxy/base/human.h"
#include "proxy/base/log.h"
#include "proxy/explain/finding.h"

namespace longthrow::explain {
namespace {

// Which groups of the link the peer takes no more of: "vm1, vm2".
std::string groups_without_credit(const Status& status, const std::string& link) {
  std::string names;
  for (const auto& [name, group] : status.groups) {
    if (group.link == link && group.without_credit) names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

std::optional<Finding> judge_stops(const std::string& name, const LinkStatus& link) {
  for (const NoticeKind kind : {NoticeKind::fenced, NoticeKind::paused}) {
    if (const Notice* notice = find_notice(link.notices, kind))
      return stopped_by(*notice, "the link", name);
  }
  if (link.state == LinkState::up) {
    const auto hole = std::ranges::find(link.warnings, "nothing_passes", &Warning::name);
    if (hole == link.warnings.end()) return std::nullopt;
    return Finding{Cause::nothing_passes, Side::here, hole->text};
  }
  std::string why = format("the link is {}", to_string(link.state));
  if (link.state_since != WallTime{}) why += " since " + utc_text(link.state_since);
  if (!link.reason.empty()) why += " (" + link.reason + ")";
  return Finding{Cause::link_down, Side::here, std::move(why)};
}

// All groups of the link are held here: the first hold of them. Nothing: some input flows.
std::optional<Finding> judge_holds(const Status& status, const std::string& link) {
  std::optional<Finding> first;
  for (const auto& [name, group] : status.groups) {
    if (group.link != link) continue;
    const Notice* notice = find_notice(group.notices, NoticeKind::held, Side::here);
    if (notice == nullptr) return std::nullopt;
    if (!first) first = stopped_by(*notice, format("the input of group {}", name), name);
  }
  return first;
}

Finding judge_cpu(const std::string& name, const LinkStatus& link, const Numbers& numbers) {
  const std::string& setting = link.compression.setting;
  if (setting == "auto" || setting.empty()) {
    return {Cause::cpu, Side::here,
            format("the CPU is busy with compression ({}) and takes no more than {}",
                   link.compression.codec, rate_text(numbers.in_bytes_s))};
  }
  return {Cause::codec, Side::here,
          format("the codec {} compresses no more than {} on this CPU (`longthrow set {} "
                 "compression auto` lets a faster one be taken)",
                 setting, rate_text(numbers.in_bytes_s), name)};
}

// A limit that comes and goes is there in one of the looks only.
Limit limit_of(const Looks& looks, const std::string& name, const Numbers& numbers) {
  const LinkStatus& link = looks.now().links.at(name);
  if (!link.buffer.full && !waits_long(numbers)) return Limit::source;
  const LinkStatus* before = looks.link_before(name);
  return link.limited_by == Limit::source && before != nullptr ? before->limited_by
                                                               : link.limited_by;
}

Finding judge_flow(const Looks& looks, const std::string& name, const Numbers& numbers) {
  const LinkStatus& link = looks.now().links.at(name);
  const LinkStatus* before = looks.link_before(name);
  if (target_here_is_slow(numbers, before != nullptr ? before->undelivered_bytes : 0))
    return slow_target_here(numbers);
  if (link.buffer.full) {
    return {Cause::buffer_full, Side::here,
            format("the buffer has just been filled (`longthrow set {} memlimit SIZE` raises it)",
                   name)};
  }
  if (numbers.in_bytes_s.value_or(0) < 1.0) return idle(looks.now(), name, "");
  return nothing();
}

}  // namespace

Finding judge_link(const Looks& looks, const std::string& name, const Numbers& numbers) {
  const LinkStatus& link = looks.now().links.at(name);
  if (auto stop = judge_stops(name, link)) return *std::move(stop);
  if (auto hold = judge_holds(looks.now(), name)) return *std::move(hold);
  switch (limit_of(looks, name, numbers)) {
    case Limit::peer_disk:
      return judge_credit(numbers, groups_without_credit(looks.now(), name));
    case Limit::bandwidth:
      return {Cause::bandwidth, Side::here,
              format("the bandwidth setting of {} is reached (`longthrow set {} bandwidth RATE` "
                     "changes it)",
                     human_rate(static_cast<double>(link.bandwidth.bytes_s)), name)};
    case Limit::wan:
      return judge_wan(name, link, numbers);
    case Limit::cpu:
      return judge_cpu(name, link, numbers);
    case Limit::paused:
    case Limit::down:
    case Limit::source:
      break;
  }
  return judge_flow(looks, name, numbers);
}

}  // namespace longthrow::explain
