// SPDX-License-Identifier: Apache-2.0
// What is stopped on a link, here and at the peer: the link is paused or fenced, groups are held or
// fenced, or the node ends. Each end knows both, since when and by which command. Of groups a
// record says it, while the link is up; of the link the bye with which it goes down, or is refused.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/loop.h"
#include "longthrow/status.h"
#include "proxy/routes/route_table.h"
#include "proxy/session/session.h"
#include "proxy/uplink/link_log.h"

namespace longthrow {

// Belongs to the loop's thread.
class Stops {
 public:
  // A pause that the peer does not confirm for so long is an outage like others.
  static constexpr Duration kPeerWordAge = std::chrono::minutes(3);

  // `on_change`: the peer is to be told what is stopped here.
  Stops(Loop& loop, LinkLog& log, std::string link, RouteTable& routes,
        std::function<void()> on_change)
      : loop_(loop),
        log_(log),
        link_(std::move(link)),
        routes_(routes),
        on_change_(std::move(on_change)) {}

  // --- the node's end
  // No more bytes are taken in; what is buffered goes on being delivered.
  void begin_stop() { life_ = std::max(life_, Life::stopping); }
  void stop() { life_ = Life::stopped; }
  [[nodiscard]] bool stopping() const { return life_ != Life::running; }
  [[nodiscard]] bool stopped() const { return life_ == Life::stopped; }

  // --- by a command here. Group null: the link. What is stopped already stays as it was.
  void put(NoticeKind kind, Group* group, const std::string& command);
  void take(NoticeKind kind, Group* group);
  // It was fenced before the node's start, since then and by that.
  void put_fence_of(Group* group, WallTime since, const std::string& by);
  [[nodiscard]] bool paused() const { return here_.find(NoticeKind::paused) != nullptr; }
  [[nodiscard]] std::optional<WallTime> paused_since() const;
  [[nodiscard]] bool fenced() const { return here_.find(NoticeKind::fenced) != nullptr; }
  // By itself, or with the link.
  [[nodiscard]] bool fenced(const Group& group) const { return fenced() || group.fenced(); }
  // No new channel of it may begin, whatever the peer says. REQUIRES: it is configured.
  [[nodiscard]] bool shut(const Route& route) const { return stopping() || fenced(*route.group); }
  // "paused since 2026-01-31T12:00:00Z by `longthrow pause dr`": of the link.
  [[nodiscard]] std::string text(NoticeKind kind) const;
  // Why nothing is to be had here, for a peer that is turned away; nothing if that is not so.
  [[nodiscard]] std::optional<wire::Bye> own_bye() const;
  // Of groups, for the peer.
  [[nodiscard]] std::vector<wire::NoticeEntry> to_say(Session& session) const;

  // --- at the peer
  [[nodiscard]] bool peer_paused() const { return at_peer_.find(NoticeKind::paused) != nullptr; }
  [[nodiscard]] bool peer_fenced() const { return at_peer_.find(NoticeKind::fenced) != nullptr; }
  // The record says all that there is of groups.
  void on_notices(const wire::Notices& notices, Session& session);
  // A pause or a fence of the whole link, as the peer's last word says.
  void on_peer_bye(const wire::Bye& bye);
  // The link is up: the peer has neither paused nor fenced it.
  void forget_peer_words();
  // Now and then.
  void forget_old_words(TimePoint now);

  // Of the link, or of a group.
  [[nodiscard]] std::vector<Notice> notices(const Group* group) const;

 private:
  enum class Life : std::uint8_t { running, stopping, stopped };

  [[nodiscard]] NoticeBoard& board(Group* group) { return group ? group->here : here_; }
  [[nodiscard]] std::string what(const Group* group) const;
  void say_news_of_peer(const Group& group, const NoticeBoard& said);

  Loop& loop_;
  LinkLog& log_;
  const std::string link_;
  RouteTable& routes_;
  std::function<void()> on_change_;
  Life life_ = Life::running;
  NoticeBoard here_;
  NoticeBoard at_peer_;
  TimePoint peer_word_at_{};  // the peer's last bye
};

}  // namespace longthrow
