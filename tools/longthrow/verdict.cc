// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/verdict.h"

#include <algorithm>
#include <vector>

#include "proxy/base/log.h"
#include "tools/longthrow/human.h"
#include "tools/longthrow/json_fields.h"

namespace longthrow::cli {
namespace {

struct Finding {
  Fare fare = Fare::trouble;
  std::string text;
};

std::string since_text(const std::string& since) {
  return since.empty() ? std::string() : " since " + since;
}

template <typename Visit>
void for_each_object(const json::object& of, Visit visit) {
  for (const auto& entry : of) {
    if (entry.value().is_object()) visit(printable(entry.key()), entry.value().get_object());
  }
}

// What an administrator has stopped. That the peer was taken over is no wish of this side.
void add_notices(const std::string& of, const json::object& in, std::vector<Finding>& findings) {
  for (const json::value& value : array_at(in, "notices")) {
    if (!value.is_object()) continue;
    const json::object& notice = value.get_object();
    const std::string what = text_at(notice, "what");
    const bool here = text_at(notice, "where") == "here";
    findings.push_back({what == "fenced" && !here ? Fare::trouble : Fare::stopped,
                        format("{} is {} {}{}", of, what, here ? "here" : "at the peer",
                               since_text(text_at(notice, "since")))});
  }
}

void judge_link(const std::string& name, const json::object& link, std::vector<Finding>& findings) {
  const std::string state = text_at(link, "state");
  if (state != "up" && array_at(link, "notices").empty()) {
    findings.push_back(
        {Fare::trouble, format("link {} is {}{}: {}", name, state,
                               since_text(text_at(link, "state_since")), text_at(link, "reason"))});
  }
  add_notices("link " + name, link, findings);
  if (flag_at(object_at(link, "buffer"), "full")) {
    findings.push_back({Fare::trouble, format("the buffer of link {} is full", name)});
  }
}

std::vector<Finding> findings_of(const json::object& status) {
  std::vector<Finding> findings;
  for_each_object(object_at(status, "links"), [&](const std::string& name, const auto& link) {
    judge_link(name, link, findings);
  });
  for_each_object(object_at(status, "groups"), [&](const std::string& name, const auto& group) {
    const auto* consistent = group.if_contains("consistent");
    const bool unknown = consistent != nullptr && consistent->is_null();
    if (!flag_at(group, "consistent")) {
      findings.push_back(
          {Fare::trouble, format("group {} is {}: {}", name,
                                 unknown ? "not known to be consistent" : "not consistent",
                                 text_at(group, "reason"))});
    }
    add_notices("group " + name, group, findings);
  });
  for_each_object(object_at(status, "routes"), [&](const std::string& name, const auto& route) {
    if (text_at(route, "state") != "mismatched") return;
    findings.push_back(
        {Fare::trouble, format("route {} is mismatched: {}", name, text_at(route, "reason"))});
  });
  return findings;
}

std::string all_well(const json::object& status) {
  const std::size_t links = object_at(status, "links").size();
  if (links == 0) return "no link is configured";
  std::string since;
  for_each_object(object_at(status, "links"), [&](const std::string&, const auto& link) {
    since = std::max(since, text_at(link, "state_since"));
  });
  return format("{} up{}, all groups consistent", links == 1 ? "the link is" : "all links are",
                since_text(since));
}

}  // namespace

NodeVerdict verdict_of(const json::object& status) {
  const std::vector<Finding> findings = findings_of(status);
  if (findings.empty()) return {Fare::well, all_well(status)};
  const auto worst = std::ranges::max_element(findings, {}, &Finding::fare);
  std::string text = worst->text;
  if (findings.size() > 1) text += format("; and {} more", findings.size() - 1);
  return {worst->fare, std::move(text)};
}

}  // namespace longthrow::cli
