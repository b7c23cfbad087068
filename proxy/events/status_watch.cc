// SPDX-License-Identifier: Apache-2.0
#include "proxy/events/status_watch.h"

#include <algorithm>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/events/event_kinds.h"

namespace longthrow {
namespace {

bool is_paused(const LinkStatus& link) {
  return std::ranges::any_of(
      link.notices, [](const Notice& notice) { return notice.what == NoticeKind::paused; });
}

double filled(const LinkStatus& link) {
  const auto& buffer = link.buffer;
  if (buffer.send_limit_bytes == 0) return 0.0;
  return static_cast<double>(buffer.used_bytes) / static_cast<double>(buffer.send_limit_bytes);
}

std::string percent(double part) { return format("{:.0f} %", part * 100); }

std::pair<EventCode, EventCode> codes_of(NoticeKind what) {
  switch (what) {
    case NoticeKind::held:
      return {EventCode::held, EventCode::hold_ended};
    case NoticeKind::paused:
      return {EventCode::paused, EventCode::resumed};
    case NoticeKind::fenced:
      break;
  }
  return {EventCode::fenced, EventCode::released};
}

std::string_view where_text(Side where) { return where == Side::here ? "here" : "at the peer"; }

// Forgets what the configuration no longer has.
template <typename Seen, typename Now>
void forget_removed(Seen& seen, const Now& now) {
  std::erase_if(seen, [&](const auto& entry) { return !now.contains(entry.first); });
}

}  // namespace

Event& StatusWatch::tell(EventCode code, std::string text) {
  Event event = make_event(code, std::move(text));
  event.at = telling_.at;
  event.link = telling_.link;
  event.group = telling_.group;
  telling_.events.push_back(std::move(event));
  return telling_.events.back();
}

std::vector<Event> StatusWatch::look(const Status& status, WallTime now) {
  telling_ = {.events = {}, .at = now, .link = {}, .group = {}};
  look_at_node(status);
  for (const auto& [name, link] : status.links) {
    telling_.link = name;
    look_at_link(name, link, status);
  }
  for (const auto& [name, group] : status.groups) {
    telling_.link = group.link;
    telling_.group = name;
    look_at_group(name, group);
  }
  look_at_notices(status);
  forget_removed(links_, status.links);
  forget_removed(groups_, status.groups);
  first_ = false;
  return std::exchange(telling_.events, {});
}

// --- the node

void StatusWatch::look_at_node(const Status& status) {
  if (first_) tell(EventCode::node_started, format("longthrowd {}", status.version));
  if (status.stopping && !std::exchange(stopping_, true))
    tell(EventCode::node_stopping, "this node was told to stop");
  if (restart_pending_ != status.restart_pending && !status.restart_pending.empty())
    tell(EventCode::restart_pending, status.restart_pending);
  restart_pending_ = status.restart_pending;
  lost_ = status.losses.losses > std::exchange(losses_, status.losses.losses);
}

// --- a link

// A link that goes down and comes up again between two snapshots is told by its counters.
void StatusWatch::look_at_link(const std::string& name, const LinkStatus& link,
                               const Status& status) {
  LinkSeen& seen = links_[name];
  const bool up = link.state == LinkState::up;
  const bool was_up = seen.state == LinkState::up;
  const std::uint64_t before = std::exchange(seen.episodes, link.sessions + link.reconnects);
  const auto tell_down = [&](std::string text) {
    Event& event = tell(EventCode::link_down, std::move(text));
    if (is_paused(link) || status.stopping) event.weight = EventWeight::info;
    seen.told_down = true;
    return &event;
  };
  if (was_up && up && seen.episodes > before) tell_down("for a moment")->at = link.state_since;
  if (was_up && !up) tell_down(link.reason)->at = link.state_since;
  const bool never = !was_up && !up && seen.episodes == 0 && !seen.told_down;
  if (never && status.uptime_s >= kFirstUpSeconds)
    tell_down(format("not up since the node's start: {}", link.reason));
  if (up && (!was_up || seen.told_down)) {
    tell(EventCode::link_up, format("peer {}", link.peer)).at = link.state_since;
    seen.told_down = false;
  }
  seen.state = link.state;
  look_at_buffer(link, seen);
  const std::uint64_t failures = link.errors.checksum_failures;
  if (failures > seen.checksum_failures) {
    tell(EventCode::corruption,
         format("{} frames failed their checksum and were asked for again: memory or network of "
                "one of the nodes is not well",
                failures - seen.checksum_failures));
  }
  seen.checksum_failures = failures;
}

void StatusWatch::look_at_buffer(const LinkStatus& link, LinkSeen& seen) {
  const double part = filled(link);
  const std::string text =
      format("{} of {} bytes for sending are used", percent(part), link.buffer.send_limit_bytes);
  if (link.buffer.full && seen.level < Level::full) {
    seen.level = Level::full;
    tell(EventCode::buffer_full, text + ": the source is slowed");
  } else if (part >= kHighMark && seen.level < Level::high) {
    seen.level = Level::high;
    tell(EventCode::buffer_high, text);
  } else if (part <= kNormalMark && !link.buffer.full && seen.level > Level::normal) {
    seen.level = Level::normal;
    tell(EventCode::buffer_normal, text);
  }
}

// --- a group

void StatusWatch::look_at_group(const std::string& name, const GroupStatus& group) {
  GroupSeen& seen = groups_[name];
  const GroupSeen before =
      std::exchange(seen, {group.consistent, group.checkpoints.done, group.checkpoints.failed});
  if (!first_ && seen.checkpoints_done > before.checkpoints_done)
    tell(EventCode::checkpoint_done, group.checkpoints.last_done);
  if (!first_ && seen.checkpoints_failed > before.checkpoints_failed)
    tell(EventCode::checkpoint_failed, group.checkpoints.last_failure);
  if (group.consistent == before.consistent) return;
  if (group.consistent == Consistency::yes) {
    tell(EventCode::consistent, "the copy can be trusted");
  } else if (group.consistent == Consistency::no) {
    tell(EventCode::not_consistent, group.reason);
  } else {
    Event& event = tell(EventCode::copy_unknown, group.reason);
    // After each start of the node, until connections have come.
    if (first_) event.weight = EventWeight::info;
  }
}

// --- what is stopped

void StatusWatch::look_at_notices(const Status& status) {
  std::map<NoticeKey, Notice> now;
  for (const auto& [name, link] : status.links) {
    for (const Notice& notice : link.notices) now[{name, "", notice.what, notice.where}] = notice;
  }
  for (const auto& [name, group] : status.groups) {
    for (const Notice& notice : group.notices)
      now[{group.link, name, notice.what, notice.where}] = notice;
  }
  const auto place = [this](const NoticeKey& key) {
    telling_.link = std::get<0>(key);
    telling_.group = std::get<1>(key);
  };
  for (const NoticeKey& key : notices_) {
    if (now.contains(key)) continue;
    place(key);
    tell(codes_of(std::get<2>(key)).second,
         format("no longer {} {}", to_string(std::get<2>(key)), where_text(std::get<3>(key))));
  }
  for (const auto& [key, notice] : now) {
    if (first_ || notices_.contains(key)) continue;
    place(key);
    Event& event =
        tell(codes_of(notice.what).first, format("{} by {}", where_text(notice.where), notice.by));
    if (notice.where == Side::here) event.at = notice.since;
  }
  notices_.clear();
  for (const auto& [key, notice] : now) notices_.insert(key);
}

}  // namespace longthrow
