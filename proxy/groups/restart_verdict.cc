// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/restart_verdict.h"

#include "proxy/base/log.h"

namespace longthrow {
namespace {

void add(std::string& list, const std::string& what) {
  if (!list.empty()) list += "; ";
  list += what;
}

// What of a group is not where it belongs.
std::string hindrances(const GroupRestart& group) {
  std::string text;
  if (group.to_peer_bytes > 0)
    add(text, format("{} bytes are not delivered at the peer", group.to_peer_bytes));
  if (group.barriers_open > 0) {
    add(text, format("{} barriers are not acknowledged by the peer's DRBD: its last writes may not "
                     "be on its disk",
                     group.barriers_open));
  }
  if (group.to_target_bytes > 0)
    add(text,
        format("{} bytes of the peer are not taken by the target here", group.to_target_bytes));
  if (group.unapplied_channels > 0)
    add(text, "the DRBD here has not acknowledged the last writes that it was handed");
  if (group.peer_silent_s) {
    add(text,
        format("the peer may hold more for this node: for {:.0f} s it has not said that all it "
               "had accepted is here",
               *group.peer_silent_s));
  }
  return text;
}

std::string remedy(const std::string& name, const GroupRestart& group) {
  const bool here = group.to_peer_bytes + group.barriers_open > 0;
  if (here) {
    return format(
        "`longthrow drain {0}` waits for it; stop what writes and use `longthrow drain {0} "
        "--hold` if it never ends",
        name);
  }
  if (group.peer_silent_s) {
    return format("look at `longthrow status` at both nodes, then `longthrow drain {}` at the peer",
                  name);
  }
  return "wait until the program behind the route has taken it";
}

std::string connections_text(std::uint64_t count) {
  if (count == 0) return "no connection is open";
  return count == 1 ? "1 connection will reconnect"
                    : format("{} connections will reconnect", count);
}

}  // namespace

Answer restart_verdict(RestartReport report) {
  Answer answer;
  std::uint64_t connections = 0;
  std::size_t hindering = 0;
  for (const auto& [name, group] : report.groups) {
    connections += group.connections;
    if (group.free()) continue;
    ++hindering;
    answer.details.push_back(format("group {} (link {}): {}: {}", name, group.link,
                                    hindrances(group), remedy(name, group)));
  }
  if (hindering == 0) {
    answer.message = format("nothing would be lost; {}", connections_text(connections));
  } else {
    answer.ok = false;
    answer.message = format("not now: {} of {} groups would lose something, or may", hindering,
                            report.groups.size());
    answer.details.push_back(format(
        "a node that is stopped delivers what it can for {:.0f} s (stop_timeout); what the peer "
        "holds for it is lost at once",
        report.stop_timeout_s));
  }
  answer.restart = std::move(report);
  return answer;
}

}  // namespace longthrow
