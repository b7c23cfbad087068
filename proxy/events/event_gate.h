// SPDX-License-Identifier: Apache-2.0
// Keeps events that come again and again from pushing all others out of the history. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "longthrow/events.h"
#include "proxy/base/flap_gate.h"
#include "proxy/base/line_budget.h"
#include "proxy/events/event_kinds.h"

namespace longthrow {

// Events of one family, link and group pass as a FlapGate lets them: the first episodes whole, then
// ever more rarely the last event that was kept out, with the number of the others. Events by
// themselves pass kBurst at once, then one in each kEvery. So of each less than 100 pass in a day.
class EventGate {
 public:
  static constexpr std::uint64_t kBurst = 20;
  static constexpr Duration kEvery = std::chrono::minutes(30);

  // Nothing: it is kept out, and counted. Else the event, which says how many were kept out.
  [[nodiscard]] std::optional<Event> ask(TimePoint now, Event event);
  // An event that is in the history from before the start of the process.
  void remember(TimePoint at, const Event& event);
  // Events that were kept out and now stand for all that were. Call it now and then.
  [[nodiscard]] std::vector<Event> look(TimePoint now);

 private:
  struct Entry {
    FlapGate flaps;
    LineBudget budget{kBurst, kEvery};
    bool open = false;  // an episode has begun and not ended
    std::uint64_t left_out = 0;
    std::optional<Event> last_left_out;
  };
  // Whether an event may pass now.
  [[nodiscard]] static bool may_pass(Entry& entry, TimePoint now, EventPart part);
  [[nodiscard]] static Event pass(Entry& entry, Event event);

  std::map<std::tuple<EventCode, std::string, std::string>, Entry> entries_;
};

}  // namespace longthrow
