// SPDX-License-Identifier: Apache-2.0
// Knows what is stopped on a link, here and at the peer: the link is paused or fenced, groups are
// held or fenced, or the node is stopping. Each node knows of both since when, and by which
// command. While the link is up, the notices record tells the peer about groups. A bye tells it
// about the link: when the link goes down, and when a connection is refused.
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
  // The peer must confirm its pause this often; later the pause counts as an outage.
  static constexpr Duration kPeerWordAge = std::chrono::minutes(3);

  // `on_change` is called when the peer must be told what is stopped here.
  Stops(Loop& loop, LinkLog& log, std::string link, RouteTable& routes,
        std::function<void()> on_change)
      : loop_(loop),
        log_(log),
        link_(std::move(link)),
        routes_(routes),
        on_change_(std::move(on_change)) {}

  // --- the node's end
  // Legs are read only up to what the kernel has by now; buffered bytes are still delivered.
  void begin_stop() { life_ = std::max(life_, Life::stopping); }
  void stop() { life_ = Life::stopped; }
  [[nodiscard]] bool stopping() const { return life_ != Life::running; }
  [[nodiscard]] bool stopped() const { return life_ == Life::stopped; }

  // --- by a command here. Group null: the link. What is stopped already stays as it was.
  void put(NoticeKind kind, Group* group, const std::string& command);
  void take(NoticeKind kind, Group* group);
  // Restores a fence from before the node's start, with its time and command.
  void put_fence_of(Group* group, WallTime since, const std::string& by);
  [[nodiscard]] bool paused() const { return here_.find(NoticeKind::paused) != nullptr; }
  [[nodiscard]] std::optional<WallTime> paused_since() const;
  [[nodiscard]] bool fenced() const { return here_.find(NoticeKind::fenced) != nullptr; }
  // Whether the group is fenced, by itself or with the link.
  [[nodiscard]] bool fenced(const Group& group) const { return fenced() || group.fenced(); }
  // Whether no new channel of the route may begin, whatever the peer says. REQUIRES: the route is
  // configured.
  [[nodiscard]] bool shut(const Route& route) const { return stopping() || fenced(*route.group); }
  // "paused since 2026-01-31T12:00:00Z by `longthrow pause dr`": of the link.
  [[nodiscard]] std::string text(NoticeKind kind) const;
  // The bye for a peer that connects although the link is fenced or paused here. None: it may
  // connect.
  [[nodiscard]] std::optional<wire::Bye> own_bye() const;
  // What is stopped here of groups, for the peer.
  [[nodiscard]] std::vector<wire::NoticeEntry> to_say(Session& session) const;

  // --- at the peer
  [[nodiscard]] bool peer_paused() const { return at_peer_.find(NoticeKind::paused) != nullptr; }
  [[nodiscard]] bool peer_fenced() const { return at_peer_.find(NoticeKind::fenced) != nullptr; }
  // Takes the peer's record. It lists all of its stopped groups: a group that is not in it is not
  // stopped there.
  void on_notices(const wire::Notices& notices, Session& session);
  // Takes a pause or a fence of the whole link from the peer's bye.
  void on_peer_bye(const wire::Bye& bye);
  // Called when the link is up: the peer has neither paused nor fenced it.
  void forget_peer_words();
  // Called every tick: forgets a pause that the peer has not confirmed for kPeerWordAge.
  void forget_old_words(TimePoint now);

  // What is stopped, of the link (null) or of a group.
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
