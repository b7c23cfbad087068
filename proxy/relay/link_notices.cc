// SPDX-License-Identifier: Apache-2.0
// What is held, paused or fenced, here and at the peer: each end knows both, since when and by
// which command. Of groups a record says it, while the link is up; of the link the bye with which
// it goes down, or is refused.
#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {
namespace {

Notice status_of(NoticeKind kind, const char* where, const NoticeBoard::Entry& entry) {
  return {.what = to_string(kind), .where = where, .since = entry.since, .by = entry.by};
}

}  // namespace

std::string Link::what_of(const std::string& group) const {
  return group.empty() ? format("link {}", name_) : format("group {}", group);
}

void Link::put_notice(NoticeKind kind, const std::string& group, const std::string& command) {
  NoticeBoard::Entry entry{.since = loop_.wall_now(), .by = format("`longthrow {}`", command)};
  const std::string words = describe(kind, entry);
  if (!notices_.put(kind, group, std::move(entry))) return;
  log_warning("{}: {}", what_of(group), words);
  say_notices();
}

void Link::take_notice(NoticeKind kind, const std::string& group) {
  if (!notices_.take(kind, group)) return;
  log_info("{}: no longer {}", what_of(group), to_string(kind));
  say_notices();
}

void Link::set_fenced_since(const std::string& group, WallTime since, const std::string& by) {
  const std::string& name = group.empty() ? name_ : group;
  NoticeBoard::Entry entry{.since = since, .by = by};
  const std::string words = describe(NoticeKind::fenced, entry);
  if (!notices_.put(NoticeKind::fenced, group, std::move(entry))) return;
  log_warning("{}: {}; `longthrow release {}` ends it", what_of(group), words, name);
}

// What the peer is to be told when it is turned away.
std::string Link::notice_text(NoticeKind kind) const {
  const NoticeBoard::Entry* entry = notices_.find(kind, "");
  return entry != nullptr ? describe(kind, *entry) : to_string(kind);
}

void Link::say_notices() {
  if (session_ == nullptr) return;
  std::vector<wire::NoticeEntry> entries;
  for (const auto& [place, entry] : notices_.entries()) {
    const auto group = session_->groups().find(place.second);
    if (group == session_->groups().end() || entries.size() == wire::kRoutesMax) continue;
    entries.push_back({.kind = place.first,
                       .group_id = group->second.id,
                       .since_ns = entry.since.time_since_epoch().count(),
                       .by = entry.by});
  }
  session_->say_notices(std::move(entries));
  wake();
}

// The record says all that there is of groups.
void Link::on_notices(const wire::Notices& notices) {
  NoticeBoard said;
  for (const wire::NoticeEntry& entry : notices.entries) {
    const std::string group = session_->group_of_peer_id(entry.group_id);
    if (group.empty() || !has_group(group)) continue;
    said.put(entry.kind, group, {.since = WallTime(Duration(entry.since_ns)), .by = entry.by});
  }
  for (const auto& [place, entry] : said.entries()) {
    if (peer_notices_.find(place.first, place.second) != nullptr) continue;
    const std::string what = what_of(place.second);
    say_gated(LogLevel::warning, format("peer: {} {}", what, to_string(place.first)),
              format("{}: at the peer it is {}", what, describe(place.first, entry)));
  }
  for (const auto& [place, entry] : peer_notices_.entries()) {
    if (said.find(place.first, place.second) != nullptr) continue;
    const std::string line =
        format("{}: at the peer no longer {}", what_of(place.second), to_string(place.first));
    say_gated(LogLevel::info, line, line);
  }
  peer_notices_ = std::move(said);
}

// A pause or a fence of the whole link, as the peer's last word says.
void Link::on_peer_bye(const wire::Bye& bye) {
  note_peer_paused(bye.reason == wire::ByeReason::paused);
  const bool fenced = bye.reason == wire::ByeReason::fenced;
  if (std::exchange(peer_fenced_, fenced) != fenced) refresh_routes();
  peer_word_at_ = loop_.now();
  if (!peer_paused_) peer_notices_.take(NoticeKind::paused, "");
  if (!peer_fenced_) peer_notices_.take(NoticeKind::fenced, "");
  if (!peer_paused_ && !peer_fenced_) return;
  peer_notices_.put(peer_paused_ ? NoticeKind::paused : NoticeKind::fenced, "",
                    {.since = loop_.wall_now(), .by = bye.text});
}

// Why nothing is to be had here; nothing if that is not so.
std::optional<wire::Bye> Link::own_bye() const {
  if (fenced_) {
    return wire::Bye{
        .reason = wire::ByeReason::fenced,
        .text = format("this side was taken over: {}", notice_text(NoticeKind::fenced))};
  }
  if (paused()) {
    return wire::Bye{.reason = wire::ByeReason::paused, .text = notice_text(NoticeKind::paused)};
  }
  return std::nullopt;
}

// A pause that the peer does not confirm any more is an outage like others.
void Link::forget_old_words(TimePoint now) {
  if (!peer_paused_ || now - peer_word_at_ < kPeerWordAge) return;
  note_peer_paused(false);
  peer_notices_.take(NoticeKind::paused, "");
  log_warning("link {}: the peer has not confirmed its pause for {} s", name_,
              std::chrono::duration_cast<std::chrono::seconds>(kPeerWordAge).count());
}

void Link::forget_link_words() {
  peer_paused_ = peer_fenced_ = false;
  peer_notices_.take(NoticeKind::paused, "");
  peer_notices_.take(NoticeKind::fenced, "");
}

std::vector<Notice> Link::notices_of(const std::string& group) const {
  std::vector<Notice> list;
  for (const auto& [place, entry] : notices_.entries()) {
    if (place.second == group) list.push_back(status_of(place.first, "here", entry));
  }
  for (const auto& [place, entry] : peer_notices_.entries()) {
    if (place.second == group) list.push_back(status_of(place.first, "peer", entry));
  }
  return list;
}

}  // namespace longthrow
