// SPDX-License-Identifier: Apache-2.0
#include "tools/check_longthrow/judge.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "proxy/base/log.h"
#include "proxy/control/status_json.h"
#include "tools/longthrow/human.h"

namespace longthrow::check {
namespace {

constexpr auto kNames = std::to_array<const char*>({"OK", "WARNING", "CRITICAL", "UNKNOWN"});

// What is critical is told as such, whatever else is not known.
int severity(Level level) {
  constexpr int kOf[] = {0, 1, 3, 2};
  return kOf[static_cast<std::size_t>(level)];
}

std::string limit_text(double limit) { return std::isfinite(limit) ? format("{}", limit) : ""; }

// Findings, the worst first, and performance data.
class Report {
 public:
  void add(Level level, const std::string& text) {
    if (severity(level) > severity(level_)) level_ = level;
    auto& texts = texts_[static_cast<std::size_t>(level)];
    if (!texts.empty()) texts += ", ";
    texts += text;
  }
  // `worst`: what has been stopped on purpose grows old without calling anybody out of bed.
  void compare(double value, const Limits& limits, const std::string& text, Level worst) {
    if (value <= std::min(limits.warning, limits.critical)) return;
    add(std::min(worst, value > limits.critical ? Level::critical : Level::warning), text);
  }
  void measure_time(const std::string& label, double seconds, const Limits& limits) {
    data_ += format(" '{}'={:.3f}s;{};{};0", label, seconds, limits.warning, limits.critical);
  }
  void measure_count(const std::string& label, std::uint64_t count) {
    data_ += format(" '{}'={};;;0;", label, count);
  }
  void measure_bytes(const std::string& label, std::uint64_t bytes, std::uint64_t limit = 0) {
    data_ += format(" '{}'={}B;;;0;{}", label, bytes, limit > 0 ? format("{}", limit) : "");
  }
  void measure_bytes(const std::string& label, std::uint64_t bytes, const Limits& limits) {
    data_ += format(" '{}'={}B;{};{};0;", label, bytes, limit_text(limits.warning),
                    limit_text(limits.critical));
  }

  [[nodiscard]] Verdict verdict(const std::string& when_good) const {
    std::string text;
    for (const Level level : {Level::critical, Level::unknown, Level::warning}) {
      const std::string& texts = texts_[static_cast<std::size_t>(level)];
      if (!texts.empty()) text += (text.empty() ? "" : "; ") + texts;
    }
    return {level_, format("LONGTHROW {} - {}{}{}", kNames[static_cast<std::size_t>(level_)],
                           text.empty() ? when_good : text, data_.empty() ? "" : " |", data_)};
  }

 private:
  Level level_ = Level::ok;
  std::array<std::string, 4> texts_;
  std::string data_;
};

// Stopped by an administrator, at either end.
bool stopped_on_purpose(const std::vector<Notice>& notices) {
  return std::ranges::any_of(notices, [](const Notice& notice) {
    return notice.what != NoticeKind::fenced || notice.where == Side::here;
  });
}

void add_notices(const std::string& of, const std::vector<Notice>& notices, Report& report) {
  for (const Notice& notice : notices) {
    const bool here = notice.where == Side::here;
    // That the peer has been taken over is news for the side that thinks it is the primary.
    report.add(notice.what == NoticeKind::fenced && !here ? Level::critical : Level::warning,
               format("{} is {} {} since {}: {}", of, to_string(notice.what),
                      here ? "here" : "at the peer", control::utc_text(notice.since), notice.by));
  }
}

void judge_link(const std::string& name, const LinkStatus& link, const Wishes& wishes,
                Report& report) {
  if (link.notices.empty() && link.state != LinkState::up) {
    report.add(Level::critical,
               format("link {} is {}: {}", name, to_string(link.state), link.reason));
  }
  add_notices("link " + name, link.notices, report);
  // The daemon has compared them with its clock.
  for (const Warning& warning : link.warnings) {
    const bool ended = warning.name == "certificate_ended";
    if (!ended && warning.name != "certificate_ends") continue;
    report.add(ended ? Level::critical : Level::warning, format("link {}: {}", name, warning.text));
  }
  if (link.buffer.full) report.add(Level::warning, format("the buffer of link {} is full", name));
  const Level worst = stopped_on_purpose(link.notices) ? Level::warning : Level::critical;
  const auto bytes = static_cast<double>(link.lag.bytes);
  const std::string behind = format("link {}: the peer is behind by ", name);
  report.compare(link.lag.seconds, wishes.lag, behind + cli::human_seconds(link.lag.seconds),
                 worst);
  report.compare(bytes, wishes.lag_bytes, behind + cli::human_bytes(bytes), worst);
  report.measure_time(name + " lag", link.lag.seconds, wishes.lag);
  report.measure_bytes(name + " lag bytes", link.lag.bytes, wishes.lag_bytes);
  report.measure_bytes(name + " buffer", link.buffer.used_bytes, link.buffer.limit_bytes);
}

// `link`: the group's; null if the status does not have it.
void judge_group(const std::string& name, const GroupStatus& group, const LinkStatus* link,
                 const Wishes& wishes, Report& report) {
  add_notices("group " + name, group.notices, report);
  if (group.consistent == Consistency::unknown) {
    report.add(Level::warning,
               format("it is not known whether group {} is consistent: {}", name, group.reason));
  } else if (group.consistent == Consistency::no) {
    report.add(Level::critical, format("group {} is not consistent: {}", name, group.reason));
  }
  if (!group.inbound.age_s) return;  // nothing was ever received
  const bool on_purpose =
      stopped_on_purpose(group.notices) || (link != nullptr && stopped_on_purpose(link->notices));
  report.compare(
      *group.inbound.age_s, wishes.age,
      format("group {}: our copy is as of {} ago", name, cli::human_seconds(*group.inbound.age_s)),
      on_purpose ? Level::warning : Level::critical);
  report.measure_time(name + " age", *group.inbound.age_s, wishes.age);
}

void judge_route(const std::string& name, const RouteStatus& route, Report& report) {
  if (route.drbd && route.drbd->ahead)
    report.add(Level::warning, format("route {}: DRBD is ahead, it does not mirror", name));
  if (route.state == RouteState::mismatched)
    report.add(Level::warning, format("route {}: {}", name, route.reason));
}

// What was lost is judged by the group that lacks it. That losses are not kept is news.
void judge_losses(const LossSummary& losses, Report& report) {
  if (!losses.not_kept.empty())
    report.add(Level::warning, "losses are not kept on the disk: " + losses.not_kept);
  if (losses.since == WallTime{}) return;  // the status does not tell them
  report.measure_count("losses", losses.losses);
  report.measure_bytes("lost bytes", losses.bytes);
}

}  // namespace

Verdict judge(const Status& status, const Wishes& wishes,
              const std::vector<std::string>& unexpected) {
  Report report;
  for (const std::string& key : unexpected)
    report.add(Level::unknown, "the status lacks " + key + ", or has it in another form");
  if (status.stopping) report.add(Level::warning, "the node is stopping");
  std::size_t links = 0;
  std::size_t groups = 0;
  const auto is_wanted = [&](const std::string& link, const std::string& group) {
    return (wishes.group.empty() || group == wishes.group) &&
           (wishes.link.empty() || link == wishes.link);
  };
  for (const auto& [name, link] : status.links) {
    if (!is_wanted(name, "")) continue;
    ++links;
    judge_link(name, link, wishes, report);
  }
  for (const auto& [name, group] : status.groups) {
    if (!is_wanted(group.link, name)) continue;
    ++groups;
    const auto link = status.links.find(group.link);
    judge_group(name, group, link != status.links.end() ? &link->second : nullptr, wishes, report);
  }
  judge_losses(status.losses, report);
  if (status.configuration.refused_at)
    report.add(Level::warning, "the last reload failed: " + status.configuration.refused);
  for (const auto& [name, route] : status.routes) {
    if (is_wanted(route.link, route.group)) judge_route(name, route, report);
  }
  if (links + groups == 0) {
    report.add(Level::unknown,
               wishes.link.empty() && wishes.group.empty()
                   ? "the node has no link"
                   : format("there is no {} \"{}\"", wishes.link.empty() ? "group" : "link",
                            wishes.link.empty() ? wishes.group : wishes.link));
  }
  return report.verdict(format("{} link{} up, {} group{} consistent", links, links == 1 ? "" : "s",
                               groups, groups == 1 ? "" : "s"));
}

}  // namespace longthrow::check
