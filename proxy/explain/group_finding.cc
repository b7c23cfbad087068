// SPDX-License-Identifier: Apache-2.0
#include "proxy/explain/finding.h"

namespace longthrow::explain {
namespace {

// Whether the link is stopped for all of its groups.
bool stops_all(Cause of_link) {
  return of_link == Cause::fenced || of_link == Cause::paused || of_link == Cause::link_down ||
         of_link == Cause::nothing_passes;
}

// Whether the finding is of single groups: it says nothing of the others.
bool of_groups(Cause of_link) {
  return of_link == Cause::target || of_link == Cause::receive_share || of_link == Cause::held ||
         of_link == Cause::source_idle;
}

}  // namespace

Finding judge_group(const Looks& looks, const std::string& name, const Numbers& numbers,
                    const Finding& of_link) {
  const GroupStatus& group = looks.now().groups.at(name);
  const GroupStatus* before = looks.group_before(name);
  if (const Notice* fence = find_notice(group.notices, NoticeKind::fenced))
    return stopped_by(*fence, "the group", name);
  if (const Notice* hold = find_notice(group.notices, NoticeKind::held, Side::here))
    return stopped_by(*hold, "its input", name);
  if (stops_all(of_link.cause)) return of_link;
  const bool waits = waits_long(numbers);
  if (group.without_credit && waits) return judge_credit(numbers, "");
  if (target_here_is_slow(numbers, before != nullptr ? before->undelivered_bytes : 0))
    return slow_target_here(numbers);
  const bool idles = numbers.in_bytes_s.value_or(1) < 1.0 && group.lag.bytes == 0;
  const Notice* elsewhere = find_notice(group.notices, NoticeKind::held, Side::peer);
  if (idles && elsewhere != nullptr) return stopped_by(*elsewhere, "the peer's input", name);
  if (idles) return idle(looks.now(), group.link, name);
  return waits && !of_groups(of_link.cause) ? of_link : nothing();
}

}  // namespace longthrow::explain
