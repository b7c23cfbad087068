// SPDX-License-Identifier: Apache-2.0
// Inside connections that came while the link was down. They are not read; their software sees an
// open connection that is slow. Bounded in number and in time.
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

// One of them. It waits for its software to say something, or to go.
class WaitingLeg final : public Closable {
 public:
  WaitingLeg(WaitingLegs& all, std::string route, Socket socket);
  [[nodiscard]] bool idle() const override { return !readable_.in_flight(); }

 private:
  friend class WaitingLegs;
  void on_readable(int result);

  WaitingLegs* all_;  // null: it has been closed
  const std::string route_;
  const Socket socket_;
  TimePoint deadline_{};
  std::optional<TimePoint> said_since_;  // bytes of it lie in our kernel
  Operation readable_;
};

class WaitingLegsOwner {
 public:
  enum class Admission : std::uint8_t { taken, later };
  virtual ~WaitingLegsOwner() = default;
  // The leg may go on, and nothing is in flight on it; `taken`: the owner has it now. Its first
  // bytes have been here since `said_since`.
  [[nodiscard]] virtual Admission on_leg_waited(const std::string& route, Socket leg,
                                                std::optional<TimePoint> said_since) = 0;
};

class WaitingLegs {
 public:
  static constexpr std::size_t kOfRouteMax = 64;
  static constexpr std::size_t kOfLinkMax = 256;
  // As long as a kernel tries to connect to a host that is silent.
  static constexpr Duration kTimeMax = std::chrono::minutes(2);

  WaitingLegs(Loop& loop, ClosingList& closing_list, WaitingLegsOwner& owner)
      : loop_(loop), closing_list_(closing_list), owner_(owner) {}
  ~WaitingLegs();
  WaitingLegs(const WaitingLegs&) = delete;
  WaitingLegs& operator=(const WaitingLegs&) = delete;

  enum class Place : std::uint8_t { given, none };
  // Takes the socket over; where there is no place it has been reset.
  [[nodiscard]] Place add(const std::string& route, Socket leg);
  // Those of the route go on, in the order in which they came as far as they can at once.
  void admit(const std::string& route);
  // What our kernel has acknowledged of some legs, and since when.
  struct Unread {
    std::size_t legs = 0;  // also those that have said nothing
    std::uint64_t bytes = 0;
    std::optional<TimePoint> oldest_at;
  };
  // Resets those of the route, which have destroyed what is told.
  [[nodiscard]] Unread drop(const std::string& route);
  // What a look at those of a route ends: they have waited for too long, or their software has
  // reset them.
  struct Ended {
    Unread late;
    Unread broken;
  };
  // Resets and forgets them. By route.
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
