// SPDX-License-Identifier: Apache-2.0
#include "proxy/explain/finding.h"

#include <algorithm>

#include "proxy/base/human.h"
#include "proxy/base/log.h"

namespace longthrow::explain {
namespace {

constexpr std::uint64_t kBacklogBytesMin = 1024 * 1024;
// A target that needs longer for what waits is slow.
constexpr double kHandOverSecondsMax = 2.0;
// The age of the lag is exact to a tick of 250 ms, and to the peer's acknowledgements.
constexpr double kWaitSecondsMin = 0.5;
// What is delivered is told every 250 ms; a busy machine is given more.
constexpr double kTellSeconds = 1.0;

std::string_view place(Side where) { return where == Side::here ? "here" : "at the peer"; }

}  // namespace

std::string rate_text(std::optional<double> bytes_s) {
  return bytes_s ? human_rate(*bytes_s) : "an unknown rate";
}

std::string percent(double share) { return format("{:.1f} %", 100 * share); }

Finding stopped_by(const Notice& notice, std::string_view whose, const std::string& name) {
  const auto cause = [&] {
    switch (notice.what) {
      case NoticeKind::held:
        return Cause::held;
      case NoticeKind::paused:
        return Cause::paused;
      case NoticeKind::fenced:
        break;
    }
    return Cause::fenced;
  }();
  std::string why = format("{} is {} {}", whose, to_string(notice.what), place(notice.where));
  if (notice.since != WallTime{}) why += " since " + utc_text(notice.since);
  if (!notice.by.empty()) why += " by " + notice.by;
  if (notice.where == Side::here) {
    why += format(" (`longthrow {} {}` ends it)",
                  notice.what == NoticeKind::fenced ? "release" : "resume", name);
  }
  return {cause, notice.where, std::move(why)};
}

const Notice* find_notice(const std::vector<Notice>& notices, NoticeKind kind) {
  const auto found = std::ranges::find(notices, kind, &Notice::what);
  return found == notices.end() ? nullptr : &*found;
}

const Notice* find_notice(const std::vector<Notice>& notices, NoticeKind kind, Side where) {
  const auto found = std::ranges::find_if(
      notices, [&](const Notice& notice) { return notice.what == kind && notice.where == where; });
  return found == notices.end() ? nullptr : &*found;
}

Finding idle(const Status& status, const std::string& link, const std::string& group) {
  std::uint64_t connections = 0;
  std::string shut;
  bool ahead = false;
  for (const auto& [name, route] : status.routes) {
    if (route.link != link || (!group.empty() && route.group != group)) continue;
    connections += route.channels_open;
    ahead = ahead || (route.drbd && route.drbd->ahead == Side::here);
    if (route.state == RouteState::open || !shut.empty()) continue;
    shut = format("route {} is {}{}{}", name, to_string(route.state),
                  route.reason.empty() ? "" : ": ", route.reason);
  }
  std::string why = "nothing is given here, ";
  if (ahead) {
    why += "as DRBD is ahead, and mirrors again when the buffer has drained";
  } else if (connections > 0) {
    why += format("{} connection{} open, and the programs send nothing", connections,
                  connections == 1 ? " is" : "s are");
  } else {
    why += "no program is connected";
    if (!shut.empty()) why += ", " + shut;
  }
  return {Cause::source_idle, Side::here, std::move(why)};
}

bool waits_long(const Numbers& numbers) {
  const auto& tcp = numbers.tcp;
  const double rtt_s = tcp.min_rtt_ms.value_or(tcp.rtt_ms.value_or(0)) / 1000;
  return numbers.lag.bytes > 0 && numbers.lag.seconds > kWaitSecondsMin + 2 * rtt_s;
}

bool target_here_is_slow(const Numbers& numbers, std::uint64_t undelivered_before) {
  if (!numbers.handed_bytes_s) return false;
  const std::uint64_t waits = std::min(numbers.undelivered_bytes, undelivered_before);
  return waits >= kBacklogBytesMin &&
         static_cast<double>(waits) > kHandOverSecondsMax * *numbers.handed_bytes_s;
}

Finding slow_target_here(const Numbers& numbers) {
  return {Cause::target, Side::here,
          format("the target here takes {}, and {} wait for it", rate_text(numbers.handed_bytes_s),
                 human_bytes(static_cast<double>(numbers.undelivered_bytes)))};
}

Finding judge_credit(const Numbers& numbers, const std::string& groups) {
  const std::string of = groups.empty() ? "" : ", of group " + groups;
  const double rtt_s = numbers.tcp.rtt_ms.value_or(0) / 1000;
  // What the target could take before it is told here.
  const double soon = (kTellSeconds + 2 * rtt_s) * numbers.delivered_bytes_s;
  const bool hands_on = numbers.held_at_peer_bytes && numbers.delivered_bytes_s > 0 &&
                        static_cast<double>(*numbers.held_at_peer_bytes) <= soon;
  if (!hands_on) {
    return {Cause::target, Side::peer, "the target at the peer does not take what it has got" + of};
  }
  return {Cause::receive_share, Side::peer,
          format("the peer's memory for what is under way to its target is used up, though that "
                 "takes {} (a larger memlimit there, or fewer groups, gives more){}",
                 human_rate(numbers.delivered_bytes_s), of)};
}

Finding nothing() {
  return {Cause::nothing, Side::here, "nothing stands in the way, all that is given here is sent"};
}

}  // namespace longthrow::explain
