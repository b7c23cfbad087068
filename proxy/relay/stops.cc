// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/stops.h"

#include "proxy/base/log.h"
#include "proxy/base/planted.h"

namespace longthrow {
namespace {

constexpr NoticeKind kKinds[] = {NoticeKind::held, NoticeKind::paused, NoticeKind::fenced};

void add(std::vector<Notice>& list, const NoticeBoard& board, Side where) {
  for (const auto& [kind, entry] : board.entries())
    list.push_back({.what = kind, .where = where, .since = entry.since, .by = entry.by});
}

}  // namespace

std::string Stops::what(const Group* group) const {
  return group == nullptr ? format("link {}", link_) : format("group {}", group->name);
}

void Stops::put(NoticeKind kind, Group* group, const std::string& command) {
  NoticeBoard::Entry entry{.since = loop_.wall_now(), .by = format("`longthrow {}`", command)};
  const std::string words = describe(kind, entry);
  if (!board(group).put(kind, std::move(entry))) return;
  log_warning("{}: {}", what(group), words);
  on_change_();
}

void Stops::take(NoticeKind kind, Group* group) {
  if (!board(group).take(kind)) return;
  log_info("{}: no longer {}", what(group), to_string(kind));
  on_change_();
}

void Stops::put_fence_of(Group* group, WallTime since, const std::string& by) {
  NoticeBoard::Entry entry{.since = since, .by = by};
  const std::string words = describe(NoticeKind::fenced, entry);
  if (!board(group).put(NoticeKind::fenced, std::move(entry))) return;
  log_warning("{}: {}; `longthrow release {}` ends it", what(group), words,
              group == nullptr ? link_ : group->name);
}

std::optional<WallTime> Stops::paused_since() const {
  const NoticeBoard::Entry* entry = here_.find(NoticeKind::paused);
  return entry != nullptr ? std::optional(entry->since) : std::nullopt;
}

std::string Stops::text(NoticeKind kind) const {
  const NoticeBoard::Entry* entry = here_.find(kind);
  return entry != nullptr ? describe(kind, *entry) : std::string(to_string(kind));
}

std::optional<wire::Bye> Stops::own_bye() const {
  if (fenced()) {
    return wire::Bye{.reason = wire::ByeReason::fenced,
                     .text = format("this side was taken over: {}", text(NoticeKind::fenced))};
  }
  if (paused() && !planted(Plant::paused_lets_in))
    return wire::Bye{.reason = wire::ByeReason::paused, .text = text(NoticeKind::paused)};
  return std::nullopt;
}

std::vector<wire::NoticeEntry> Stops::to_say(Session& session) const {
  std::vector<wire::NoticeEntry> entries;
  for (const NoticeKind kind : kKinds) {
    for (const auto& [name, group] : routes_.groups().all()) {
      const NoticeBoard::Entry* entry = group->here.find(kind);
      const auto state = session.groups().find(name);
      const bool full = entries.size() == wire::kRoutesMax;
      if (entry == nullptr || state == session.groups().end() || full) continue;
      entries.push_back({.kind = kind,
                         .group_id = state->second.id,
                         .since_ns = entry->since.time_since_epoch().count(),
                         .by = entry->by});
    }
  }
  return entries;
}

void Stops::on_notices(const wire::Notices& notices, Session& session) {
  std::map<const Group*, NoticeBoard> said;
  for (const wire::NoticeEntry& entry : notices.entries) {
    const Group* group = routes_.configured_group(session.group_of_peer_id(entry.group_id));
    if (group == nullptr) continue;
    said[group].put(entry.kind, {.since = WallTime(Duration(entry.since_ns)), .by = entry.by});
  }
  for (const auto& [name, group] : routes_.groups().all()) {
    say_news_of_peer(*group, said[group.get()]);
    group->at_peer = std::move(said[group.get()]);
  }
}

void Stops::say_news_of_peer(const Group& group, const NoticeBoard& said) {
  for (const auto& [kind, entry] : said.entries()) {
    if (group.at_peer.find(kind) != nullptr) continue;
    log_.say(loop_.now(), LogLevel::warning, format("peer: {} {}", what(&group), to_string(kind)),
             format("{}: at the peer it is {}", what(&group), describe(kind, entry)));
  }
  for (const auto& [kind, entry] : group.at_peer.entries()) {
    if (said.find(kind) != nullptr) continue;
    const std::string line = format("{}: at the peer no longer {}", what(&group), to_string(kind));
    log_.say(loop_.now(), LogLevel::info, line, line);
  }
}

void Stops::on_peer_bye(const wire::Bye& bye) {
  peer_word_at_ = loop_.now();
  for (const auto& [reason, kind] : {std::pair{wire::ByeReason::paused, NoticeKind::paused},
                                     std::pair{wire::ByeReason::fenced, NoticeKind::fenced}}) {
    if (bye.reason == reason) {
      at_peer_.put(kind, {.since = loop_.wall_now(), .by = bye.text});
    } else {
      at_peer_.take(kind);
    }
  }
}

void Stops::forget_peer_words() { at_peer_ = {}; }

void Stops::forget_old_words(TimePoint now) {
  if (!peer_paused() || now - peer_word_at_ < kPeerWordAge) return;
  at_peer_.take(NoticeKind::paused);
  log_warning("link {}: the peer has not confirmed its pause for {} s", link_,
              std::chrono::duration_cast<std::chrono::seconds>(kPeerWordAge).count());
}

std::vector<Notice> Stops::notices(const Group* group) const {
  std::vector<Notice> list;
  add(list, group == nullptr ? here_ : group->here, Side::here);
  add(list, group == nullptr ? at_peer_ : group->at_peer, Side::peer);
  return list;
}

}  // namespace longthrow
