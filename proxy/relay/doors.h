// SPDX-License-Identifier: Apache-2.0
// The listeners to which the local replication software connects. Decides which routes are open. A
// connection that comes while the link is down waits, or is refused (when_down).
#pragma once

#include <functional>
#include <set>
#include <string>

#include "proxy/relay/channels.h"
#include "proxy/routes/waiting_legs.h"

namespace longthrow {

// One for each link. Belongs to the loop's thread.
class Doors final : public WaitingLegsOwner {
 public:
  Doors(const Channels::Parts& parts, Channels& channels, std::function<void()> wake);

  // Opens and closes routes as everything stands now, and logs it.
  void refresh();
  [[nodiscard]] std::vector<LocalRoute> local_routes() const;
  // Called when the route is removed, or will listen elsewhere.
  void close(Route& route);
  void drop_waiting(Route& route, const LossCause& cause);
  // Called every tick.
  void retry(TimePoint now);
  void look_at_waiting();
  // Called when a session has ended: the next session compares the routes anew.
  void forget_mismatches() { mismatches_said_.clear(); }

  // Whether channels of `route` may be opened here now.
  [[nodiscard]] bool may_open(const Route& route) const;
  [[nodiscard]] const WaitingLegs& waiting() const { return waiting_; }

  // --- WaitingLegsOwner
  [[nodiscard]] Admission on_leg_waited(const std::string& route, Socket leg,
                                        std::optional<TimePoint> said_since) override;

 private:
  static constexpr Duration kListenSoon = std::chrono::milliseconds(250);
  static constexpr Duration kListenAgain = std::chrono::seconds(1);
  static constexpr int kQuietTries = 3;  // kListenSoon apart; a later failure is logged

  // Whether connections may be accepted now, and wait until the link is up or the route is ready.
  [[nodiscard]] bool may_wait(const Route& route) const;
  [[nodiscard]] LossCause why_none_waits(const Route& route) const;
  void open(Route& route);
  void on_listen_failed(Route& route, const Error& error);
  void accept(Route& route, Socket leg);
  void log_mismatches();
  void set_trouble(Route& route, const std::string& text) const;

  LinkContext& context_;
  Loop& loop_;
  LinkLog& log_;
  Stops& stops_;
  RouteTable& routes_;
  Peer& peer_;
  ChannelEnds& ends_;
  Channels& channels_;
  std::function<void()> wake_;
  WaitingLegs waiting_;
  std::set<std::string> mismatches_said_;
};

}  // namespace longthrow
