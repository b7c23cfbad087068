// SPDX-License-Identifier: Apache-2.0
// How DRBD comes to its two connections: both nodes connect and listen, in turns. Whoever connects
// names the kind in a first packet. An attempt that crosses the peer's gives way to it; that both
// do so at a time is left to chance.
#pragma once

#include <functional>

#include "tests/sim/drbd_stream.h"

namespace longthrow::sim {

struct DrbdConnectOptions {
  HostId host = -1;
  std::uint16_t port = 0;  // where it listens while it has no pair
  Endpoint peer;
  Duration ping_timeout = std::chrono::seconds(30);  // as our documents recommend
  Duration socket_check = std::chrono::seconds(1);   // both must have stood for so long
  Duration connect_interval = std::chrono::seconds(10);
};

class DrbdConnector final : private SocketWatcher {
 public:
  // Both stand; nobody watches them.
  using OnPair = std::function<void(DrbdStreamPtr data, DrbdStreamPtr meta)>;
  DrbdConnector(SimNetwork& network, DrbdConnectOptions options, OnPair on_pair);
  ~DrbdConnector() { stop(); }
  DrbdConnector(const DrbdConnector&) = delete;
  DrbdConnector& operator=(const DrbdConnector&) = delete;

  // After so long, until there is a pair.
  void start(Duration delay);
  void stop();
  // Attempts of its own that gave way to the peer's.
  [[nodiscard]] int crossed() const { return crossed_; }

 private:
  enum class Step : std::uint8_t { idle, dialling, accepting, reading_first, checking };
  void on_ready(NetId socket, unsigned readiness) override;
  void step(Step step, Duration limit, void (DrbdConnector::*then)());
  void attempt();
  void on_dialled();
  void give_up_dial();
  void wait_for_peer();
  void read_first();
  void give_up_first();
  void take_first(DrbdStreamPtr& kind);
  void toss();
  void go_on();
  void check();
  void drop_dead();

  SimNetwork& network_;
  SimWorld& world_;
  const DrbdConnectOptions options_;
  const OnPair on_pair_;
  RandomStream random_;
  Step step_ = Step::idle;
  NetId listener_ = 0;
  NetId dial_ = 0;
  DrbdStreamPtr first_;  // accepted, and not known which it is
  DrbdStreamPtr data_;
  DrbdStreamPtr meta_;
  bool dialled_last_ = false;
  int crossed_ = 0;
  EventId timer_;
};

}  // namespace longthrow::sim
