// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/event_log.h"

#include <algorithm>
#include <utility>

#include "proxy/base/durable_file.h"
#include "proxy/base/log.h"
#include "proxy/base/state_folder.h"
#include "proxy/control/event_json.h"
#include "proxy/events/event_file.h"
#include "proxy/events/event_kinds.h"
#include "proxy/events/told_events.h"

namespace longthrow::control {
namespace {

// A larger file is written anew at the start.
constexpr std::size_t kFileBytesMax = 1024 * 1024;

TimePoint now() { return TimePoint(std::chrono::steady_clock::now().time_since_epoch()); }
WallTime wall_now() { return std::chrono::system_clock::now(); }

}  // namespace

EventLog::EventLog(asio::io_context& io, DiskThread& disk, NodeGateway& gateway, AskStatus ask,
                   Told told)
    : timer_(io),
      gateway_(gateway),
      ask_(std::move(ask)),
      told_(std::move(told)),
      writer_(io, disk, [this] { return whole_event_file(book_.all()); }) {}

void EventLog::start(const std::string& state_dir) {
  const std::string path = event_file_of(state_dir);
  restore(path);
  losses_since_ = book_.newest(EventCode::loss).value_or(book_.all().since) + Duration(1);
  writer_.start(path);
  next_look_ = std::chrono::steady_clock::now() + kLook;
  look_later();
}

// The history says itself where it begins, and what of it was lost.
void EventLog::restore(const std::string& path) {
  const auto text = read_whole_file(path);
  EventFileContents contents = parse_event_file(text.value_or(""));
  const bool begins = contents.kept.since == WallTime{};
  if (begins) contents.kept.since = wall_now();
  book_.restore(std::move(contents.kept), now(), wall_now());
  std::string said;
  if (!text) {
    said = text.error().message;
  } else if (contents.damaged_lines > 0) {
    said = format("{} lines of {} cannot be understood and are left out", contents.damaged_lines,
                  path);
  }
  if (!said.empty()) {
    const auto aside = set_aside(path);
    said += format("; the file as it was is {}", aside ? *aside : "lost: " + aside.error().message);
    log_warning("the history of events is damaged: {}", said);
    Event event = make_event(EventCode::history, said);
    event.weight = EventWeight::warning;
    note(std::move(event));
  }
  if (begins) note(make_event(EventCode::history, format("{} is new", path)));
  if (begins || !said.empty() || text->size() > kFileBytesMax) writer_.rewrite();
}

// --- what happens

// Looks keep their beat, however long an answer takes, so that each second has one.
void EventLog::look_later() {
  timer_.expires_at(next_look_);
  timer_.async_wait([this](const boost::system::error_code& stopped) {
    if (stopped) return;
    ask_([this](const Result<Status>& status) {
      if (status) on_status(*status);
      while (next_look_ <= std::chrono::steady_clock::now()) next_look_ += kLook;
      look_later();
    });
  });
}

void EventLog::on_status(const Status& status) {
  told_.on_status(status);
  links_.clear();
  links_of_groups_.clear();
  for (const auto& [name, link] : status.links) links_.insert(name);
  for (const auto& [name, group] : status.groups) links_of_groups_[name] = group.link;
  for (Event& event : watch_.look(status, wall_now())) note(std::move(event));
  if (watch_.lost()) ask_losses();
  keep(book_.look(now()));
}

void EventLog::ask_losses() {
  gateway_.execute(Losses{.name = {}, .since = losses_since_, .within = {}},
                   [this](const Answer& answer) {
                     if (!answer.losses) return;
                     for (const Loss& loss : answer.losses->losses) {
                       if (loss.number <= last_loss_) continue;
                       last_loss_ = loss.number;
                       losses_since_ = std::max(losses_since_, loss.at);
                       note(event_of(loss));
                     }
                   });
}

void EventLog::note_answer(const Command& command, const Answer& answer) {
  auto event = event_of(command, answer);
  if (!event) return;
  const auto group = links_of_groups_.find(event->group);
  if (links_.contains(event->group)) {
    event->link = std::exchange(event->group, {});
  } else if (group != links_of_groups_.end()) {
    event->link = group->second;
  } else {
    return;  // there is no such name
  }
  note(*std::move(event));
}

void EventLog::note_reload(const ReloadStatus& reload) {
  note(make_event(reload.ok ? EventCode::reloaded : EventCode::reload_failed,
                  reload.ok ? "the configuration was read again" : reload.error));
}

void EventLog::note(Event event) {
  if (event.at == WallTime{}) event.at = wall_now();
  keep(book_.note(now(), std::move(event)));
}

void EventLog::keep(const std::vector<Event>& events) {
  std::string lines;
  for (const Event& event : events) {
    lines += event_line(event);
    told_.on_event(event);
  }
  if (book_.take_forgot()) {
    writer_.rewrite();
  } else if (!lines.empty()) {
    writer_.append(lines);
  }
}

// --- what is asked

json::object EventLog::answer(const EventsRequest& request) const {
  EventQuery query{.link = request.link,
                   .group = request.group,
                   .since = request.since,
                   .after = request.after,
                   .limit = request.limit};
  if (request.within) query.since = wall_now() - *request.within;
  EventReport report = book_.report(query);
  report.not_kept = writer_.not_kept();
  return events_to_json(report);
}

}  // namespace longthrow::control
