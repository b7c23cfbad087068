// SPDX-License-Identifier: Apache-2.0
// The history of events in memory: numbers them, keeps out what comes too often, forgets the
// oldest. Pure.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/events.h"
#include "proxy/events/event_gate.h"

namespace longthrow {

// What an administrator asks of the history.
struct EventQuery {
  std::string link;   // "": all
  std::string group;  // "": all
  std::optional<WallTime> since;
  std::uint64_t after = 0;             // only numbers above it
  std::optional<std::uint64_t> limit;  // only the newest ones
};

class EventBook {
 public:
  static constexpr std::size_t kEventsMax = 2000;  // beyond it the older half is forgotten
  static constexpr std::size_t kTextBytesMax = 240;
  static constexpr Duration kRemembered = std::chrono::hours(24);

  // What the file keeps for the next start of the node.
  struct Kept {
    WallTime since{};
    std::vector<Event> events;  // numbers ascend
    std::uint64_t forgotten = 0;
  };
  // `now` and `wall_now` are the same moment: what came too often before the start is kept out
  // after it, too, so that a process that starts again and again does not fill the history.
  void restore(Kept kept, TimePoint now, WallTime wall_now);

  // Sets the number of `event`. The events that entered the history by this call are what is to be
  // written to the file.
  [[nodiscard]] std::vector<Event> note(TimePoint now, Event event);
  // Call it now and then: enters what stands for events that were kept out.
  [[nodiscard]] std::vector<Event> look(TimePoint now);

  // all(): everything in the history, for a new file. take_forgot(): true once after some events
  // were forgotten; the file must then be written anew.
  [[nodiscard]] Kept all() const;
  [[nodiscard]] bool take_forgot();
  [[nodiscard]] EventReport report(const EventQuery& query) const;
  // When the newest event of `code` was; nothing: there is none.
  [[nodiscard]] std::optional<WallTime> newest(EventCode code) const;

 private:
  const Event& enter(Event event);

  WallTime since_{};
  std::deque<Event> events_;
  std::uint64_t next_number_ = 1;
  std::uint64_t forgotten_ = 0;
  bool forgot_ = false;
  EventGate gate_;
};

}  // namespace longthrow
