// SPDX-License-Identifier: Apache-2.0
#include "proxy/explain/explain.h"

#include "proxy/explain/finding.h"
#include "proxy/explain/sentence.h"

namespace longthrow::explain {
namespace {

Verdict verdict_of(const Finding& finding, Numbers numbers, const LinkStatus* link, About about) {
  const BufferIs buffer = link != nullptr && link->buffer.full ? BufferIs::full : BufferIs::open;
  const Effect effect = effect_of(finding, numbers, buffer);
  return {.cause = finding.cause,
          .where = finding.where,
          .effect = effect,
          .sentence = sentence(finding, effect, numbers, about),
          .numbers = numbers};
}

}  // namespace

Explanation explain(const Status* before, const Status& now) {
  const Looks looks(before, now);
  Explanation all;
  std::map<std::string, Finding> of_links;
  for (const auto& [name, link] : now.links) {
    const Numbers numbers = measure_link(looks, name);
    const Finding& finding = of_links[name] = judge_link(looks, name, numbers);
    all.links[name] = verdict_of(finding, numbers, &link, About::link);
  }
  for (const auto& [name, group] : now.groups) {
    const auto link = now.links.find(group.link);
    const Numbers numbers = measure_group(looks, name);
    const Finding finding = judge_group(looks, name, numbers, of_links[group.link]);
    all.groups[name] = verdict_of(finding, numbers,
                                  link == now.links.end() ? nullptr : &link->second, About::group);
  }
  return all;
}

bool differs(const Verdict& group, const Verdict& link) {
  if (group.cause == Cause::nothing || group.cause == Cause::source_idle) return false;
  return group.cause != link.cause || group.where != link.where;
}

}  // namespace longthrow::explain
