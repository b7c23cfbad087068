// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/render_explain.h"

#include "proxy/base/log.h"

namespace longthrow::cli {
namespace {

using explain::Effect;
using explain::Explanation;
using explain::Verdict;

std::string line_of(std::string_view kind, const std::string& name, const Verdict& verdict,
                    const Painter& paint) {
  return format("{}: {}\n", paint(Paint::bold, format("{} {}", kind, name)),
                paint(paint_of(verdict.effect), verdict.sentence));
}

}  // namespace

Paint paint_of(Effect effect) {
  switch (effect) {
    case Effect::keeps_up:
      return Paint::none;
    case Effect::lag_stays:
    case Effect::lag_shrinks:
    case Effect::source_stopped:
    case Effect::copy_waits:
      return Paint::warning;
    case Effect::lag_grows:
    case Effect::source_slowed:
      break;
  }
  return Paint::bad;
}

Explanation only(const Explanation& all, const Status& status, const std::string& name) {
  if (name.empty()) return all;
  Explanation some;
  if (const auto link = all.links.find(name); link != all.links.end()) some.links.insert(*link);
  for (const auto& [group, verdict] : all.groups) {
    if (group == name || status.groups.at(group).link == name) some.groups[group] = verdict;
  }
  return some;
}

std::string render_explanation(const Explanation& all, const Status& status,
                               const std::string& name, const Painter& paint) {
  if (all.links.empty() && all.groups.empty()) return "no links are configured\n";
  std::string out;
  const Explanation some = only(all, status, name);
  for (const auto& [link, verdict] : some.links) out += line_of("LINK", link, verdict, paint);
  for (const auto& [group, verdict] : some.groups) {
    const auto of = all.links.find(status.groups.at(group).link);
    // A group that is asked for by its name has its line in any case.
    if (group == name || of == all.links.end() || differs(verdict, of->second))
      out += line_of("GROUP", group, verdict, paint);
  }
  return out;
}

}  // namespace longthrow::cli
