// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/scenario.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "proxy/base/log.h"
#include "tests/sim/checkers.h"
#include "tests/sim/drbd_world.h"
#include "tests/sim/node_faults.h"
#include "tests/sim/operator.h"
#include "tests/sim/programs.h"

namespace longthrow::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kSettleTime = std::chrono::minutes(60);
constexpr std::size_t kViolationsMax = 20;

class Scenario {
 public:
  Scenario(std::uint64_t seed, bool verbose)
      : world_(seed),
        plan_(sample_plan()),
        network_(world_, plan_.network),
        cluster_(network_, sample_cluster(), plan_),
        random_(world_.stream("scenario")),
        programs_(network_, cluster_, ledger_, plan_, random_),
        shadow_(cluster_, programs_.sources(), programs_.targets()),
        faults_(cluster_, world_, random_),
        errors_(faults_.excused()) {
    RandomStream who = world_.stream("operator");
    if (who.chance(0.5)) {
      operator_.emplace(cluster_, shadow_, who, [this](std::string what) { violate(what); });
    }
    answers_.emplace(AnswerChecker::Options{.stalls = plan_.stall_every > Duration(0),
                                            .takes_over = operator_.has_value()});
    set_log_hook(
        [this, verbose](LogLevel level, const std::string& line) { on_log(level, line, verbose); });
  }
  ~Scenario() {
    set_log_hook(nullptr);
    std::error_code ignored;
    std::filesystem::remove_all(cluster_.options().state_dir, ignored);
  }

  ScenarioReport run() {
    report_.seed = world_.seed();
    report_.description = cluster_.options().describe() + "; " + plan_.describe() +
                          faults_.describe() +
                          (operator_ ? "; commands:" + operator_->describe() : "");
    cluster_.start(0);
    world_.run_for(random_.between(Duration(0), Duration(seconds(1))));
    cluster_.start(1);
    start_applications();
    if (drbd_) report_.description += "; " + drbd_->drawn();
    {
      FaultInjector injector(network_, plan_, cluster_.fault_targets());
      run_watched(injector.heal_at() + milliseconds(1));
    }
    network_.heal();
    healed_ = true;
    faults_.heal();
    if (operator_) operator_->restore();
    programs_.calm();
    // A node that came back last is noticed by its peer, and what its session held is ended.
    run_watched(world_.now() + seconds(60));
    if (drbd_) settle_drbd();
    const TimePoint healed_at = world_.now();
    // New streams, after the heal: they must arrive whole.
    programs_.start_sources(Programs::Endings::orderly);
    programs_.start_sources(Programs::Endings::any);
    const bool settled =
        run_watched_until([this] { return programs_.finished(); }, healed_at + kSettleTime);
    if (!settled) violate("liveness: streams have not ended an hour after the heal");
    // What closed sources have left behind is still on its way; then the last acknowledgements.
    wait_until_empty();
    // Old streams may have ended with losses after the new ones: these are the last of all, and
    // make good what each route has lost.
    programs_.start_last_sources();
    if (!run_watched_until([this] { return programs_.finished(); }, world_.now() + kSettleTime))
      violate("liveness: the last streams have not ended");
    wait_until_empty();
    run_watched(world_.now() + seconds(60));
    for (auto& what : ledger_.check_settled()) violate("liveness: " + what);
    for (const auto& target : programs_.targets()) {
      if (target->open_connections() != 0) {
        violate(format("liveness: {} connections of a target were never ended",
                       target->open_connections()));
      }
    }
    for (auto& what : ledger_.check_complete(healed_at)) violate("G1: " + what);
    for (auto& what : ledger_.check_given(healed_at)) violate("G1: " + what);
    if (operator_) operator_->check_answered();
    check_no_leaks(cluster_, report_.violations);
    errors_.check(cluster_.errors(cluster_.statuses()), report_.violations);
    for (auto& what : ledger_.check_fidelity()) violate("G1: " + what);
    if (drbd_) report_.description += "; " + drbd_->lived();
    report_.trace_hash = world_.trace_hash();
    report_.unseed = world_.unseed();
    report_.events = world_.events_run();
    report_.bytes_delivered = ledger_.bytes_delivered();
    report_.virtual_s = std::chrono::duration<double>(world_.elapsed()).count();
    return std::move(report_);
  }

 private:
  FaultPlan sample_plan() {
    FaultPlan plan = FaultPlan::sample(world_.stream("plan"));
    sample_tls(plan);
    if (world_.stream("torn").chance(0.5)) plan.torn_state_ratio = 0.7;
    return plan;
  }
  // Half of the worlds have toy TLS; what is turned on the wire is noticed by it alone.
  void sample_tls(FaultPlan& plan) {
    RandomStream random = world_.stream("toy_tls");
    if (!random.chance(0.5)) return;
    toy_tls_.emplace(ToyTlsOptions{
        .secret = random.next(),
        .key_update_bytes = random.log_between(std::uint64_t{4 * kKiB}, std::uint64_t{2 * kMiB})});
    if (random.chance(0.4)) {
      plan.turned_bit_every =
          random.log_between(Duration(milliseconds(500)), Duration(seconds(20)));
    }
  }
  ClusterOptions sample_cluster() {
    ClusterOptions options = ClusterOptions::sample(world_.stream("cluster"));
    options.toy_tls = toy_tls_;
    options.stop_timeout = seconds(10);
    options.makes_state_dirs = true;
    options.state_dir = (std::filesystem::temp_directory_path() /
                         format("longthrow-sim-{}-{}", getpid(), world_.seed()))
                            .string();
    return options;
  }
  void violate(std::string what) {
    if (report_.violations.size() < kViolationsMax) report_.violations.push_back(std::move(what));
  }
  void on_log(LogLevel level, const std::string& line, bool verbose) {
    if (verbose) {
      std::fprintf(stderr, "%12.6f %s\n", std::chrono::duration<double>(world_.elapsed()).count(),
                   line.c_str());
    }
    if (level == LogLevel::error && !cluster_.starts_torn()) violate("log: " + line);
  }

  void start_applications() {
    programs_.start_targets();
    const auto& routes = cluster_.options().routes;
    if (!routes.empty() && routes.back().both_ways) {
      drbd_.emplace(network_, cluster_, routes.size() - 1,
                    [this](std::string what) { violate(what); });
      if (operator_) operator_->know(*drbd_);
    }
    programs_.start_sources(Programs::Endings::any);
  }
  // DRBD connects again, and its disks become the same. A loss of an old connection may have come
  // after the new one began, and only a newer one makes it good: so DRBD connects once more, and
  // then goes.
  void settle_drbd() {
    drbd_->calm();
    for (const bool again : {false, true}) {
      if (again) drbd_->reconnect();
      if (!run_watched_until([this] { return drbd_->settled(); }, world_.now() + kSettleTime))
        violate("liveness: DRBD has not settled in an hour: " + drbd_->describe());
      run_watched(world_.now() + seconds(90));
    }
    drbd_->fall_silent();
    run_watched(world_.now() + seconds(60));
    drbd_->judge_silence();
    drbd_->end();
  }
  // At first a node may not have accepted a connection of which its source has ended already.
  void wait_until_empty() {
    const TimePoint patience = world_.now() + kSettleTime;
    do {
      run_watched(world_.now() + seconds(5));
    } while (world_.now() < patience && !nodes_are_empty());
  }
  bool nodes_are_empty() {
    for (int side : {0, 1}) {
      const Status status = cluster_.node(side)->status();
      for (const auto& [name, route] : status.routes) {
        if (!route.channels.empty()) return false;
      }
    }
    return true;
  }

  // Runs, and looks at the nodes now and then.
  void run_watched(TimePoint until) {
    while (world_.now() < until) {
      world_.run_until(std::min(until, world_.now() + look_interval()));
      look();
    }
  }
  bool run_watched_until(const std::function<bool()>& done, TimePoint limit) {
    while (world_.now() < limit) {
      if (world_.run_until(done, std::min(limit, world_.now() + look_interval()))) return true;
      look();
    }
    return done();
  }
  Duration look_interval() {
    return random_.log_between(Duration(milliseconds(20)), Duration(seconds(2)));
  }
  void look() {
    const Statuses statuses = cluster_.statuses();
    for (auto& what : cluster_.take_complaints()) violate("state: " + what);
    memory_.check(cluster_, statuses, report_.violations);
    sums_.check(cluster_, statuses, report_.violations);
    errors_.check(cluster_.errors(statuses), report_.violations);
    shadow_.look(world_.now(), statuses);
    answers_->check(cluster_, statuses, shadow_, world_.now(), report_.violations);
    if (operator_) operator_->judge(world_.now(), statuses);
    if (drbd_) drbd_->look(world_.now(), statuses);
    if (drbd_ && !healed_) drbd_->act();
    if (operator_ && !healed_ && random_.chance(0.1)) operator_->act(world_.now());
    if (report_.violations.size() > kViolationsMax) report_.violations.resize(kViolationsMax);
    if (random_.chance(0.05)) change_setting();
    if (!healed_) faults_.act();
  }
  // An administrator tunes while it runs.
  void change_setting() {
    NodeImpl* node = cluster_.node(static_cast<int>(random_.below(2)));
    if (node == nullptr) return;
    const std::uint64_t base = cluster_.options().memlimit;
    const auto apply = [node](Command command) {
      (void)node->execute(std::move(command), [](const Answer&) {});
    };
    switch (random_.below(3)) {
      case 0:
        return apply(SetCompression{"wan", {.automatic = false, .fixed = {CodecId::lz4, 0}}});
      case 1:
        return apply(SetCompression{"wan", {.automatic = true}});
      default:
        return apply(SetMemlimit{"wan", std::max(kMemlimitMin, base * (1 + random_.below(2)))});
    }
  }

  SimWorld world_;
  std::optional<ToyTlsOptions> toy_tls_;
  const FaultPlan plan_;
  SimNetwork network_;
  Ledger ledger_;
  Cluster cluster_;
  RandomStream random_;
  Programs programs_;
  std::optional<DrbdWorld> drbd_;
  Shadow shadow_;
  MemoryChecker memory_;
  SumChecker sums_;
  std::optional<AnswerChecker> answers_;
  std::optional<Operator> operator_;
  NodeFaults faults_;
  ErrorChecker errors_;
  bool healed_ = false;
  ScenarioReport report_;
};

}  // namespace

ScenarioReport run_scenario(std::uint64_t seed, bool verbose) {
  return Scenario(seed, verbose).run();
}

}  // namespace longthrow::sim
