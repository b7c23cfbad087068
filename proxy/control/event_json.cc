// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/event_json.h"

#include "proxy/control/answer_json.h"
#include "proxy/control/status_json.h"

namespace longthrow::control {
namespace {

json::object event_to_json(const Event& event) {
  json::object out;
  out["number"] = event.number;
  out["at"] = utc_text(event.at);
  out["code"] = to_string(event.code);
  out["weight"] = to_string(event.weight);
  out["link"] = event.link;
  out["group"] = event.group;
  out["text"] = event.text;
  out["left_out"] = event.left_out;
  return out;
}

}  // namespace

json::object events_to_json(const EventReport& report) {
  json::array events;
  for (const Event& event : report.events) events.push_back(event_to_json(event));
  json::object answer = answer_to_json(Answer{});
  answer["since"] = utc_text(report.since);
  answer["events"] = std::move(events);
  answer["last"] = report.last;
  answer["forgotten"] = report.forgotten;
  answer["not_kept"] = report.not_kept;
  return answer;
}

}  // namespace longthrow::control
