// SPDX-License-Identifier: Apache-2.0
#include "proxy/events/told_events.h"

#include "proxy/base/log.h"
#include "proxy/events/event_kinds.h"

namespace longthrow {

Event event_of(const Loss& loss) {
  const std::string bytes = loss.bytes ? format("{} bytes", *loss.bytes) : "unknown how many bytes";
  const std::string where = loss.route.empty() ? "" : format("route {}: ", loss.route);
  Event event = make_event(
      EventCode::loss, format("{}{} ({}): {}", where, bytes, to_string(loss.reason), loss.text));
  if (loss.reason == LossReason::corrupt) event.weight = EventWeight::critical;
  event.at = loss.at;
  event.link = loss.link;
  event.group = loss.group;
  return event;
}

std::optional<Event> event_of(const Command& command, const Answer& answer) {
  if (const auto* drain = std::get_if<Drain>(&command)) {
    const auto code = answer.ok ? EventCode::drained : EventCode::drain_failed;
    Event event = make_event(code, answer.message);
    event.group = drain->group;
    return event;
  }
  const auto* takeover = std::get_if<Takeover>(&command);
  if (takeover == nullptr || !answer.ok) return std::nullopt;
  Event event = make_event(EventCode::takeover, answer.message);
  if (answer.consistent == false) event.weight = EventWeight::critical;
  event.group = takeover->name;
  return event;
}

}  // namespace longthrow
