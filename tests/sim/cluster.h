// SPDX-License-Identifier: Apache-2.0
// A pair of real nodes (proxy/relay and all below it) on the simulated network.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "longthrow/node.h"
#include "longthrow/tls_engine.h"
#include "proxy/relay/node_impl.h"
#include "tests/sim/faults.h"
#include "tests/sim/sim_hooks.h"
#include "tests/sim/sim_loop.h"
#include "tests/sim/sim_random.h"
#include "tests/sim/sim_sources.h"
#include "tests/sim/sim_worker_pool.h"
#include "tests/sim/torn_state.h"
#include "tests/sim/toy_tls.h"

namespace longthrow::sim {

// How a pair is configured; drawn from the seed.
struct ClusterOptions {
  struct Route {
    std::string name;
    std::string group;
    int opens_on = 0;  // the side whose listener takes the channels
    RouteProtocol protocol = RouteProtocol::tcp;
    bool both_ways = false;  // a listener and a target on either side: of a DRBD pair
    AnswerPings answer_pings = AnswerPings::never;
  };
  std::uint64_t memlimit = 8 * kMiB;
  CompressionSetting compression;
  int lanes = 2;
  int workers = 1;
  bool dials[2] = {true, true};
  Duration session_timeout = std::chrono::hours(1);
  Duration heartbeat = std::chrono::seconds(2);
  Duration dead_after = std::chrono::seconds(10);
  std::vector<BandwidthWindow> bandwidth_schedule;
  std::uint64_t bandwidth_bytes_s = 0;
  Duration stop_timeout = std::chrono::seconds(60);
  std::string state_dir = "/nonexistent";               // the nodes' are folders in it
  bool makes_state_dirs = false;                        // at each start, as the daemon does
  std::optional<ToyTlsOptions> toy_tls;                 // of the lanes; else they are plaintext
  SimSources::Reach sources = SimSources::Reach::here;  // of the nodes, to programs beside them
  bool hooks = false;                                   // each group has an on_checkpoint
  Duration hook_timeout = std::chrono::seconds(60);
  std::optional<Duration> checkpoint_every;
  std::vector<Route> routes;  // of a DRBD pair: the last

  [[nodiscard]] static ClusterOptions sample(RandomStream random);
  [[nodiscard]] std::string describe() const;
};

// What both nodes say at one moment; nothing of one that does not run.
using Statuses = std::array<std::optional<Status>, 2>;
// What nodes have counted against their peers.
using PeerErrors = decltype(LinkStatus::errors);

inline constexpr std::uint16_t kWanPort = 7700;
[[nodiscard]] constexpr std::uint16_t inside_port(std::size_t route) {
  return static_cast<std::uint16_t>(8000 + route);
}
[[nodiscard]] constexpr std::uint16_t target_port(std::size_t route) {
  return static_cast<std::uint16_t>(9000 + route);
}

// Gives plaintext engines: real TLS has tests of its own, and its random numbers would end
// determinism.
class PlainProvider final : public TlsProvider {
 public:
  Result<void> load(const Config&) override { return {}; }
  Result<std::unique_ptr<TlsEngine>> client(const std::string& link) override;
  Result<std::unique_ptr<TlsEngine>> server(std::span<const std::string> links) override;
};

// One side's process: everything that a start makes, in order of destruction.
struct Process {
  std::unique_ptr<SimLoop> loop;
  std::unique_ptr<SimWorkerPool> workers;
  std::unique_ptr<SimRandom> random;
  std::unique_ptr<SimSources> sources;
  std::unique_ptr<SimHooks> hooks;
  std::unique_ptr<NodeImpl> node;
};

class Cluster {
 public:
  Cluster(SimNetwork& network, ClusterOptions options, const FaultPlan& plan);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  [[nodiscard]] HostId host(int side) const { return hosts_[side]; }
  // Where a side's applications run: another machine, which survives the death of the node's.
  [[nodiscard]] HostId inside(int side) const { return insides_[side]; }
  // Null while the side is down.
  [[nodiscard]] NodeImpl* node(int side) { return processes_[side].node.get(); }
  [[nodiscard]] Statuses statuses() const;
  // Of both sides since the beginning: of the nodes that are gone, and of those that say `now`.
  [[nodiscard]] PeerErrors errors(const Statuses& now) const;
  [[nodiscard]] SimLoop* loop(int side) { return processes_[side].loop.get(); }
  [[nodiscard]] const ClusterOptions& options() const { return options_; }
  // A copy of alpha's machine, on a host of its own; until the end of the cluster.
  void start_clone();
  [[nodiscard]] NodeImpl* clone() { return clone_.node.get(); }
  void start(int side);
  void die(int side, Death death);
  [[nodiscard]] FaultTargets fault_targets();
  // Of a side's node, so far.
  [[nodiscard]] int starts(int side) const { return starts_of_[side]; }
  // Ends the node as SIGTERM does; it has ended when it is gone.
  void stop(int side);
  // How the hooks of checkpoints run; may be changed at any time.
  [[nodiscard]] HookPlan& hook_plan() { return hook_plan_; }
  // Memory of the side's nodes is refused as `refusals`, which outlives them, says. Null: none.
  void set_refusals(int side, Refusals* refusals);
  // The side's configuration file has no such routes; a node takes it when it starts or reloads.
  void leave_out(int side, std::set<std::size_t> routes) { left_out_[side] = std::move(routes); }
  [[nodiscard]] const std::set<std::size_t>& left_out(int side) const { return left_out_[side]; }
  // How often the side's state_dir was lost.
  [[nodiscard]] int disks_lost(int side) const { return disks_lost_[side]; }
  // How often the side's node has started with a torn record of takeovers: then all is fenced. It
  // says so by an error, while it starts.
  [[nodiscard]] int records_torn(int side) const { return records_torn_[side]; }
  [[nodiscard]] bool starts_torn() const { return starts_torn_; }
  // What was wrong with how nodes have started since this was asked last.
  [[nodiscard]] std::vector<std::string> take_complaints() {
    return std::exchange(complaints_, {});
  }

  [[nodiscard]] Config config(int side) const;

 private:
  SimNetwork& network_;
  const ClusterOptions options_;
  const FaultPlan& plan_;
  NameTable names_;
  std::unique_ptr<TlsProvider> tls_;
  HostId hosts_[2] = {-1, -1};
  HostId insides_[2] = {-1, -1};
  [[nodiscard]] Config config(int side, HostId host) const;
  void start(Process& process, HostId host, int side);
  void die(Process& process, Death death);
  void lose_disk(int side);
  void tear_disk(int side);
  void apply_refusals(int side);
  HookPlan hook_plan_;
  Process processes_[2];
  Process clone_;
  PeerErrors errors_of_the_gone_;
  int starts_ = 0;
  int starts_of_[2] = {0, 0};
  std::set<std::size_t> left_out_[2];
  Refusals* refusals_[2] = {nullptr, nullptr};
  int disks_lost_[2] = {0, 0};
  TornFiles torn_[2];
  int records_torn_[2] = {0, 0};
  bool starts_torn_ = false;
  std::vector<std::string> complaints_;
  RandomStream random_;
  RandomStream torn_random_;
};

}  // namespace longthrow::sim
