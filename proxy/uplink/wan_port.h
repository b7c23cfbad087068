// SPDX-License-Identifier: Apache-2.0
// A WAN listener. It takes connections from anyone, and closes each that does not prove in time who
// it is.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxy/uplink/crowd.h"
#include "proxy/uplink/lane.h"

namespace longthrow {

class WanPort;

class WanPortOwner {
 public:
  virtual ~WanPortOwner() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<TlsEngine>> wan_engine(const WanPort& port) = 0;
  // An authenticated peer has said hello for a lane of the link that its identity selected.
  virtual void on_wan_hello(std::unique_ptr<Lane> lane, const wire::Hello& hello) = 0;
  // An authenticated peer has connected only to say why it takes no lanes.
  virtual void on_wan_bye(std::unique_ptr<Lane> lane, const wire::Bye& bye) = 0;
  // A connection from `remote` was turned away.
  virtual void on_wan_refused(WanPort& port, const std::string& remote, const Error& why) = 0;
};

// Bounded: at most kStrangersMax connections have not proven who they are, each for at most
// kHelloTimeout. This includes refused connections that are still being told the reason. When there
// are too many, a refused connection makes room, else the oldest of the origin that has the most
// (crowd.h). So a flood of connections never keeps the peer out.
class WanPort final : public Closable, public LaneHandler {
 public:
  static constexpr std::size_t kStrangersMax = 256;
  static constexpr Duration kHelloTimeout = std::chrono::seconds(10);
  static constexpr Duration kListenAgain = std::chrono::seconds(1);

  WanPort(Loop& loop, ClosingList& closing_list, WanPortOwner& owner, Endpoint local,
          std::string congestion);
  ~WanPort() override;
  [[nodiscard]] Result<void> start();
  // Used instead of start(): calls it every kListenAgain until it succeeds.
  void start_when_possible();
  // Why the port does not listen yet; "": it listens.
  [[nodiscard]] const std::string& waits_for() const { return waits_for_; }
  // Closes the listener, and drops connections that have not said hello.
  void stop();
  [[nodiscard]] bool idle() const override { return stopped_ && !accept_.in_flight(); }
  [[nodiscard]] const Endpoint& local() const { return local_; }

  void on_lane_established(Lane&) override {}
  Result<void> on_lane_record(Lane& lane, const wire::RecordView& record) override;
  void on_lane_room(Lane&) override {}
  void on_lane_turn(Lane&) override {}
  void on_lane_closed(Lane& lane, const Error& why) override;

 private:
  struct Pending {
    std::unique_ptr<Lane> lane;
    TimePoint deadline;
    Origin origin;
  };
  void on_accepted(int result);
  void make_room(const Origin& newcomer);
  void discard(std::unique_ptr<Lane> lane);
  void arm_timer();
  void on_timer();
  [[nodiscard]] std::size_t strangers() const { return pending_.size() + refused_.all().size(); }
  [[nodiscard]] std::unique_ptr<Lane> take(Lane& lane);

  Loop& loop_;
  ClosingList& closing_list_;
  WanPortOwner& owner_;
  Endpoint local_;
  std::string congestion_;
  Socket listener_;
  Operation accept_;
  Timer timer_;
  Timer listen_timer_;
  std::string waits_for_;
  bool waits_said_ = false;
  std::vector<Pending> pending_;  // oldest first
  ClosingListOf<Lane> refused_;   // they are being told the reason
  KnownOrigins known_;
  bool stopped_ = true;
};

}  // namespace longthrow
