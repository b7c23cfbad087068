// SPDX-License-Identifier: Apache-2.0
#include "proxy/events/event_gate.h"

#include <utility>

namespace longthrow {

Event EventGate::pass(Entry& entry, Event event) {
  event.left_out = std::exchange(entry.left_out, 0);
  entry.last_left_out.reset();
  return event;
}

// An end without a beginning is an episode of its own: a link that comes up after a start.
bool EventGate::may_pass(Entry& entry, TimePoint now, EventPart part) {
  if (part == EventPart::single) return entry.budget.take(now);
  const bool was_open = std::exchange(entry.open, part == EventPart::begins);
  if (part == EventPart::begins || !was_open) entry.flaps.on_down(now);
  return entry.flaps.says();
}

void EventGate::remember(TimePoint at, const Event& event) {
  const EventKind& kind = kind_of(event.code);
  (void)may_pass(entries_[{kind.family, event.link, event.group}], at, kind.part);
}

std::optional<Event> EventGate::ask(TimePoint now, Event event) {
  const EventKind& kind = kind_of(event.code);
  Entry& entry = entries_[{kind.family, event.link, event.group}];
  if (may_pass(entry, now, kind.part)) return pass(entry, std::move(event));
  ++entry.left_out;
  entry.last_left_out = std::move(event);
  return std::nullopt;
}

std::vector<Event> EventGate::look(TimePoint now) {
  std::vector<Event> events;
  for (auto& [key, entry] : entries_) {
    const bool flaps = entry.flaps.look(now).has_value();
    const bool singles = entry.budget.look(now).has_value();
    if (!entry.last_left_out || !(flaps || singles)) continue;
    --entry.left_out;  // this one is told now
    Event last = *std::move(entry.last_left_out);
    events.push_back(pass(entry, std::move(last)));
  }
  return events;
}

}  // namespace longthrow
