// SPDX-License-Identifier: Apache-2.0
#include "proxy/events/event_book.h"

#include <algorithm>
#include <utility>

#include "proxy/base/foreign_text.h"

namespace longthrow {
namespace {

bool answers(const Event& event, const EventQuery& query) {
  return event.number > query.after && (!query.since || event.at >= *query.since) &&
         (query.link.empty() || event.link == query.link) &&
         (query.group.empty() || event.group == query.group);
}

}  // namespace

void EventBook::restore(Kept kept, TimePoint now, WallTime wall_now) {
  since_ = kept.since;
  forgotten_ = kept.forgotten;
  events_ = {std::make_move_iterator(kept.events.begin()),
             std::make_move_iterator(kept.events.end())};
  next_number_ = std::max(forgotten_, events_.empty() ? 0 : events_.back().number) + 1;
  // Civil clocks jump; those of the gate do not.
  TimePoint at = now - kRemembered;
  for (const Event& event : events_) {
    const Duration ago = wall_now - event.at;
    if (ago > kRemembered) continue;
    at = std::clamp(now - ago, at, now);
    gate_.remember(at, event);
  }
}

const Event& EventBook::enter(Event event) {
  event.number = next_number_++;
  event.text = one_line(event.text.substr(0, kTextBytesMax));
  events_.push_back(std::move(event));
  if (events_.size() <= kEventsMax) return events_.back();
  while (events_.size() > kEventsMax / 2) {
    events_.pop_front();
    ++forgotten_;
  }
  forgot_ = true;
  return events_.back();
}

std::vector<Event> EventBook::note(TimePoint now, Event event) {
  std::vector<Event> entered;
  if (auto passed = gate_.ask(now, std::move(event))) entered.push_back(enter(*std::move(passed)));
  return entered;
}

std::vector<Event> EventBook::look(TimePoint now) {
  std::vector<Event> entered;
  for (Event& event : gate_.look(now)) entered.push_back(enter(std::move(event)));
  return entered;
}

EventBook::Kept EventBook::all() const {
  return {.since = since_, .events = {events_.begin(), events_.end()}, .forgotten = forgotten_};
}

bool EventBook::take_forgot() { return std::exchange(forgot_, false); }

EventReport EventBook::report(const EventQuery& query) const {
  EventReport report{.since = since_,
                     .events = {},
                     .last = next_number_ - 1,
                     .forgotten = forgotten_,
                     .not_kept = {}};
  for (const Event& event : events_) {
    if (answers(event, query)) report.events.push_back(event);
  }
  if (query.limit && report.events.size() > *query.limit) {
    report.events.erase(report.events.begin(),
                        report.events.end() - static_cast<std::ptrdiff_t>(*query.limit));
  }
  return report;
}

std::optional<WallTime> EventBook::newest(EventCode code) const {
  std::optional<WallTime> at;
  for (const Event& event : events_) {
    if (event.code == code && (!at || event.at > *at)) at = event.at;
  }
  return at;
}

}  // namespace longthrow
