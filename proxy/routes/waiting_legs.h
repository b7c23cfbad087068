// SPDX-License-Identifier: Apache-2.0
// Inside connections that came while the link was down. They are not read, so their software sees
// an open connection that is slow. They are bounded in number and in time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/loop.h"
#include "proxy/base/closing_list.h"

namespace longthrow {

class WaitingLegs;

// One waiting connection. It waits for its software to send something, or to go.
class WaitingLeg final : public Closable {
 public:
  WaitingLeg(WaitingLegs& all, std::string route, Socket socket);
  [[nodiscard]] bool idle() const override { return !readable_.in_flight(); }

 private:
  friend class WaitingLegs;
  void on_readable(int result);

  WaitingLegs* all_;  // null: the leg was handed over or closed
  const std::string route_;
  const Socket socket_;
  TimePoint deadline_{};
  std::optional<TimePoint> said_since_;  // since when our kernel has bytes of it
  Operation readable_;
};

class WaitingLegsOwner {
 public:
  enum class Admission : std::uint8_t { taken, later };
  virtual ~WaitingLegsOwner() = default;
  // Offers a leg, on which nothing is in flight. `taken`: the owner has taken it over. Its first
  // bytes have been here since `said_since`.
  [[nodiscard]] virtual Admission on_leg_waited(const std::string& route, Socket leg,
                                                std::optional<TimePoint> said_since) = 0;
};

class WaitingLegs {
 public:
  static constexpr std::size_t kOfRouteMax = 64;
  static constexpr std::size_t kOfLinkMax = 256;
  // As long as a kernel tries to connect to a silent host.
  static constexpr Duration kTimeMax = std::chrono::minutes(2);

  WaitingLegs(Loop& loop, ClosingList& closing_list, WaitingLegsOwner& owner)
      : loop_(loop), closing_list_(closing_list), owner_(owner) {}
  ~WaitingLegs();
  WaitingLegs(const WaitingLegs&) = delete;
  WaitingLegs& operator=(const WaitingLegs&) = delete;

  enum class Place : std::uint8_t { given, none };
  // Takes the socket over. Place::none: the socket was reset, because there is no place for it.
  [[nodiscard]] Place add(const std::string& route, Socket leg);
  // Offers the legs of the route to the owner. Those that can be taken at once go in the order in
  // which they came.
  void admit(const std::string& route);
  // How many bytes of some legs our kernel has acknowledged, and since when.
  struct Unread {
    std::size_t legs = 0;  // also those that have sent nothing
    std::uint64_t bytes = 0;
    std::optional<TimePoint> oldest_at;
  };
  // Resets the legs of the route. Returns what this has destroyed.
  [[nodiscard]] Unread drop(const std::string& route);
  // The legs of a route that look() ends: late ones have waited too long, broken ones were reset by
  // their software.
  struct Ended {
    Unread late;
    Unread broken;
  };
  // Resets and forgets these legs; by route.
  [[nodiscard]] std::map<std::string, Ended> look();

  [[nodiscard]] std::size_t size(const std::string& route) const;
  [[nodiscard]] Unread unread(const std::string& route) const;

 private:
  friend class WaitingLeg;
  enum class Fate : std::uint8_t { handed_over, reset };
  void watch(WaitingLeg& leg);
  void on_readable(WaitingLeg& leg, int result);
  bool try_admit(WaitingLeg& leg);
  void forget(WaitingLeg& leg, Fate fate);
  void count(const WaitingLeg& leg, Unread& unread) const;
  [[nodiscard]] std::vector<WaitingLeg*> of_route(const std::string& route) const;

  Loop& loop_;
  ClosingList& closing_list_;
  WaitingLegsOwner& owner_;
  std::vector<std::unique_ptr<WaitingLeg>> legs_;  // in the order in which they came
};

}  // namespace longthrow
