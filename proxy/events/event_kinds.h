// SPDX-License-Identifier: Apache-2.0
// What each code of an event is: how much it weighs, and which others it belongs with. Pure.
#pragma once

#include <array>

#include "longthrow/events.h"

namespace longthrow {

// Of an episode that begins with one event and ends with another, or an event by itself.
enum class EventPart : std::uint8_t { single, begins, ends };

struct EventKind {
  EventCode code;
  EventCode family;  // the first code of those that belong together
  EventPart part = EventPart::single;
  EventWeight weight = EventWeight::info;
};

// In the order of the codes.
inline constexpr std::array<EventKind, kEventCodes> kEventKinds = [] {
  using enum EventCode;
  using enum EventPart;
  using enum EventWeight;
  return std::array<EventKind, kEventCodes>{{
      {history, history},
      {node_started, node_started},
      {node_stopping, node_stopping},
      {link_down, link_down, begins, warning},
      {link_up, link_down, ends},
      {buffer_high, buffer_high, begins, warning},
      {buffer_full, buffer_high, begins, warning},
      {buffer_normal, buffer_high, ends},
      {not_consistent, not_consistent, begins, critical},
      {copy_unknown, not_consistent, begins, warning},
      {consistent, not_consistent, ends},
      {loss, loss, single, warning},
      {corruption, corruption, single, warning},
      {fenced, fenced, begins, warning},
      {released, fenced, ends},
      {held, held, begins},
      {hold_ended, held, ends},
      {paused, paused, begins},
      {resumed, paused, ends},
      {takeover, takeover, single, warning},
      {drained, drained},
      {drain_failed, drain_failed, single, warning},
      {reloaded, reloaded},
      {reload_failed, reload_failed, single, warning},
      {restart_pending, restart_pending},
      {checkpoint_done, checkpoint_done},
      {checkpoint_failed, checkpoint_failed, single, warning},
  }};
}();

[[nodiscard]] constexpr const EventKind& kind_of(EventCode code) {
  return kEventKinds[static_cast<std::size_t>(code)];
}

static_assert([] {
  for (std::size_t i = 0; i < kEventCodes; ++i) {
    if (kEventKinds[i].code != static_cast<EventCode>(i)) return false;
  }
  return true;
}());

// An event with the weight of its kind.
[[nodiscard]] inline Event make_event(EventCode code, std::string text) {
  Event event;
  event.code = code;
  event.weight = kind_of(code).weight;
  event.text = std::move(text);
  return event;
}

}  // namespace longthrow
