// SPDX-License-Identifier: Apache-2.0
// What goes wrong in one run. A plan is drawn from the seed; whole features are switched off at
// random (swarm testing), since faults that always come together hide each other's bugs. Faults
// stop when `active_for` has passed; then everything must arrive.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/sim/network.h"
#include "tests/sim/sim_loop.h"

namespace longthrow::sim {

// A zero count, ratio or interval: never.
struct FaultPlan {
  Duration active_for = std::chrono::seconds(60);

  // The shape of the world, also after the heal.
  PathOptions wan{.latency_min = std::chrono::milliseconds(20),
                  .latency_mean = std::chrono::milliseconds(25),
                  .bandwidth_bytes_s = 4 * kMiB};
  PathOptions inside{};
  NetworkOptions network{};

  int cuts = 0;
  Duration cut_min = std::chrono::milliseconds(50);
  Duration cut_max = std::chrono::seconds(30);
  double cut_one_way_ratio = 0;
  Duration lane_reset_every{0};      // mean interval
  Duration lane_half_open_every{0};  // black hole until the heal
  Duration lane_clog_every{0};
  Duration lane_clog_max = std::chrono::seconds(3);
  Duration turned_bit_every{
      0};  // in bytes on their way; drawn by the scenario: only TLS notices each
  double wan_refuse_ratio = 0;
  int process_deaths = 0;
  int machine_deaths = 0;
  Duration downtime_max = std::chrono::seconds(10);
  double disk_loss_ratio = 0;   // of the machines that die
  double torn_state_ratio = 0;  // of all deaths; drawn by the scenario
  Duration stall_every{0};      // of a process
  Duration stall_max = std::chrono::seconds(2);
  double name_failure_ratio = 0;

  // For the scenario to hand to its programs.
  double worker_slow_ratio = 0;
  double target_stall_ratio = 0;
  Duration target_stall_max = std::chrono::seconds(5);
  std::uint64_t target_rate_bytes_s = 0;
  double target_reset_ratio = 0;
  double target_hang_ratio = 0;
  double target_early_half_close_ratio = 0;

  // A plan for the seed of `random`.
  [[nodiscard]] static FaultPlan sample(RandomStream random);
  // The same shape and no faults.
  [[nodiscard]] FaultPlan calm() const;
  // One line, for the report of a failed seed.
  [[nodiscard]] std::string describe() const;
};

// The nodes, as the injector sees them: `side` is 0 or 1.
struct FaultTargets {
  HostId hosts[2] = {-1, -1};
  std::function<void(int side, Death)> die;  // the node ends now
  std::function<void(int side)> restart;     // and comes back (its host is powered again)
  std::function<void(int side, TimePoint)> stall;
};

// Applies a plan from construction until `heal_at`. Pinned; outlives the faults' time or cancels
// the rest.
class FaultInjector {
 public:
  FaultInjector(SimNetwork& network, FaultPlan plan, FaultTargets targets);
  ~FaultInjector();
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;

  [[nodiscard]] TimePoint heal_at() const { return heal_at_; }
  [[nodiscard]] bool healed() const { return healed_; }
  [[nodiscard]] const FaultPlan& plan() const { return plan_; }
  struct Counters {
    int cuts = 0, lane_resets = 0, half_opens = 0, clogs = 0, turned_bits = 0, deaths = 0,
        stalls = 0;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  void at_random(int count, const std::function<void()>& fault);
  void repeat(Duration mean, std::function<void()> fault);
  void at(TimePoint time, std::function<void()> fault);
  void cut();
  void on_lane(const std::function<void(ConnectionId)>& fault);
  void death(Death death);
  void heal();

  SimNetwork& network_;
  SimWorld& world_;
  const FaultPlan plan_;
  const FaultTargets targets_;
  RandomStream random_;
  TimePoint heal_at_;
  bool healed_ = false;
  bool down_[2] = {false, false};
  Counters counters_;
  std::vector<EventId> events_;
};

}  // namespace longthrow::sim
