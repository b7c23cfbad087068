// SPDX-License-Identifier: Apache-2.0
#include "tools/check_longthrow/judge.h"

#include <algorithm>
#include <array>

#include "proxy/base/log.h"
#include "tools/longthrow/human.h"
#include "tools/longthrow/json_fields.h"

namespace longthrow::check {
namespace {

using cli::amount_at;
using cli::array_at;
using cli::flag_at;
using cli::number_at;
using cli::object_at;
using cli::text_at;

constexpr auto kNames = std::to_array<const char*>({"OK", "WARNING", "CRITICAL", "UNKNOWN"});

// Findings, the worst first, and performance data.
class Report {
 public:
  void add(Level level, const std::string& text) {
    level_ = std::max(level_, level);
    auto& texts = texts_[static_cast<std::size_t>(level)];
    if (!texts.empty()) texts += ", ";
    texts += text;
  }
  // `worst`: what has been stopped on purpose grows old without calling anybody out of bed.
  void compare(double seconds, const Limits& limits, const std::string& what, Level worst) {
    if (seconds <= limits.warning) return;
    add(std::min(worst, seconds > limits.critical ? Level::critical : Level::warning),
        format("{} {}", what, cli::human_seconds(seconds)));
  }
  void measure_time(const std::string& label, double seconds, const Limits& limits) {
    data_ += format(" '{}'={:.3f}s;{};{};0", label, seconds, limits.warning, limits.critical);
  }
  void measure_count(const std::string& label, double count) {
    data_ += format(" '{}'={:.0f};;;0;", label, count);
  }
  void measure_bytes(const std::string& label, double bytes, double limit = 0) {
    data_ += format(" '{}'={:.0f}B;;;0;{}", label, bytes, limit > 0 ? format("{:.0f}", limit) : "");
  }

  [[nodiscard]] Verdict verdict(const std::string& when_good) const {
    std::string text;
    for (std::size_t level = texts_.size(); level-- > 0;) {
      if (texts_[level].empty()) continue;
      text += (text.empty() ? "" : "; ") + texts_[level];
    }
    return {level_, format("LONGTHROW {} - {}{}{}", kNames[static_cast<std::size_t>(level_)],
                           text.empty() ? when_good : text, data_.empty() ? "" : " |", data_)};
  }

 private:
  Level level_ = Level::ok;
  std::array<std::string, 4> texts_;
  std::string data_;
};

bool has_notice(const json::object& of, std::string_view what, std::string_view where) {
  return std::ranges::any_of(array_at(of, "notices"), [&](const json::value& entry) {
    if (!entry.is_object()) return false;
    const json::object& notice = entry.get_object();
    return text_at(notice, "what") == what && (where.empty() || text_at(notice, "where") == where);
  });
}

// Stopped by an administrator, at either end.
bool stopped_on_purpose(const json::object& of) {
  return has_notice(of, "paused", "") || has_notice(of, "held", "") ||
         has_notice(of, "fenced", "here");
}

void add_notices(const std::string& of, const json::object& in, Report& report) {
  for (const json::value& entry : array_at(in, "notices")) {
    if (!entry.is_object()) continue;
    const json::object& notice = entry.get_object();
    const bool here = text_at(notice, "where") == "here";
    const std::string what = text_at(notice, "what");
    // That the peer has been taken over is news for the side that thinks it is the primary.
    report.add(what == "fenced" && !here ? Level::critical : Level::warning,
               format("{} is {} {} since {}: {}", of, what, here ? "here" : "at the peer",
                      text_at(notice, "since"), text_at(notice, "by")));
  }
}

void judge_link(const std::string& name, const json::object& link, const Wishes& wishes,
                Report& report) {
  const std::string state = text_at(link, "state");
  if (array_at(link, "notices").empty() && state != "up") {
    report.add(Level::critical, format("link {} is {}: {}", name, state, text_at(link, "reason")));
  }
  add_notices("link " + name, link, report);
  const json::object& buffer = object_at(link, "buffer");
  if (flag_at(buffer, "full")) {
    report.add(Level::warning, format("the buffer of link {} is full", name));
  }
  const json::object& lag = object_at(link, "lag");
  report.compare(amount_at(lag, "seconds"), wishes.lag,
                 format("link {}: the peer is behind by", name),
                 stopped_on_purpose(link) ? Level::warning : Level::critical);
  report.measure_time(name + " lag", amount_at(lag, "seconds"), wishes.lag);
  report.measure_bytes(name + " lag bytes", amount_at(lag, "bytes"));
  report.measure_bytes(name + " buffer", amount_at(buffer, "used_bytes"),
                       amount_at(buffer, "limit_bytes"));
}

void judge_group(const std::string& name, const json::object& group, const json::object& link,
                 const Wishes& wishes, Report& report) {
  add_notices("group " + name, group, report);
  const auto* consistent = group.if_contains("consistent");
  if (consistent != nullptr && consistent->is_null()) {
    report.add(Level::warning, format("it is not known whether group {} is consistent: {}", name,
                                      text_at(group, "reason")));
  } else if (!flag_at(group, "consistent")) {
    report.add(Level::critical,
               format("group {} is not consistent: {}", name, text_at(group, "reason")));
  }
  const auto age = number_at(object_at(group, "inbound"), "age_s");
  if (!age) return;  // nothing was ever received
  report.compare(
      *age, wishes.age, format("group {}: our copy is as of", name),
      stopped_on_purpose(group) || stopped_on_purpose(link) ? Level::warning : Level::critical);
  report.measure_time(name + " age", *age, wishes.age);
}

}  // namespace

// What was lost is judged by the group that lacks it. That losses are not kept is news.
void judge_losses(const json::object& losses, Report& report) {
  if (const std::string why = text_at(losses, "not_kept"); !why.empty())
    report.add(Level::warning, "losses are not kept on the disk: " + why);
  report.measure_count("losses", amount_at(losses, "losses"));
  report.measure_bytes("lost bytes", amount_at(losses, "bytes"));
}

Verdict judge(const json::object& status, const Wishes& wishes) {
  Report report;
  std::size_t links = 0;
  std::size_t groups = 0;
  for (const auto& entry : object_at(status, "links")) {
    const std::string name = cli::printable(entry.key());
    if (!wishes.group.empty() || (!wishes.link.empty() && name != wishes.link)) continue;
    if (!entry.value().is_object()) continue;
    ++links;
    judge_link(name, entry.value().get_object(), wishes, report);
  }
  for (const auto& entry : object_at(status, "groups")) {
    const std::string name = cli::printable(entry.key());
    if (!entry.value().is_object()) continue;
    const json::object& group = entry.value().get_object();
    if (!wishes.group.empty() && name != wishes.group) continue;
    if (!wishes.link.empty() && text_at(group, "link") != wishes.link) continue;
    ++groups;
    judge_group(name, group, object_at(object_at(status, "links"), text_at(group, "link")), wishes,
                report);
  }
  if (status.contains("losses")) judge_losses(object_at(status, "losses"), report);
  for (const auto& entry : object_at(status, "routes")) {
    if (!entry.value().is_object()) continue;
    const json::object& route = entry.value().get_object();
    if (!wishes.group.empty() && text_at(route, "group") != wishes.group) continue;
    if (!wishes.link.empty() && text_at(route, "link") != wishes.link) continue;
    if (!text_at(object_at(route, "drbd"), "ahead").empty()) {
      report.add(Level::warning, format("route {}: DRBD is ahead, it does not mirror",
                                        cli::printable(entry.key())));
    }
    if (text_at(route, "state") != "mismatched") continue;
    report.add(Level::warning,
               format("route {}: {}", cli::printable(entry.key()), text_at(route, "reason")));
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
