// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/faults.h"

#include <utility>

#include "proxy/base/log.h"

namespace longthrow::sim {
namespace {
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

double seconds_of(Duration time) { return std::chrono::duration<double>(time).count(); }

void sample_shape(RandomStream& random, FaultPlan& plan) {
  plan.wan.latency_min = random.log_between(Duration(milliseconds(1)), Duration(milliseconds(150)));
  plan.wan.latency_mean = plan.wan.latency_min + random.log_between(Duration(microseconds(10)),
                                                                    Duration(milliseconds(30)));
  plan.wan.bandwidth_bytes_s =
      random.chance(0.2) ? 0
                         : random.log_between(std::uint64_t{256 * kKiB}, std::uint64_t{64 * kMiB});
  if (random.chance(0.3)) plan.wan.spike_ratio = 0.001;
  plan.network.fragment_ratio = random.chance(0.5) ? random.unit() : 0;
  if (random.chance(0.3)) {  // everything small: edges are reached
    plan.network.send_buffer_bytes_min = plan.network.receive_buffer_bytes_min = 2 * kKiB;
    plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 16 * kKiB;
    plan.network.segment_bytes_max = 1448;
  } else if (random.chance(0.3)) {
    plan.network.send_buffer_bytes_max = plan.network.receive_buffer_bytes_max = 8 * kMiB;
    plan.network.segment_bytes_max = 64 * kKiB;
  }
}
}  // namespace

FaultPlan FaultPlan::sample(RandomStream random) {
  FaultPlan plan;
  sample_shape(random, plan);
  plan.active_for = random.between(Duration(seconds(20)), Duration(seconds(120)));
  const auto on = [&](double ratio) { return random.chance(ratio); };
  const auto every = [&] {
    return random.log_between(Duration(seconds(1)), Duration(seconds(40)));
  };
  if (on(0.6)) plan.cuts = static_cast<int>(random.between(std::uint64_t{1}, std::uint64_t{12}));
  plan.cut_max = random.log_between(Duration(seconds(1)), Duration(seconds(60)));
  if (on(0.3)) plan.cut_one_way_ratio = random.unit();
  if (on(0.4)) plan.lane_reset_every = every();
  if (on(0.3)) plan.lane_half_open_every = every();
  if (on(0.5)) plan.lane_clog_every = every();
  if (on(0.2)) plan.wan_refuse_ratio = random.unit() * 0.8;
  if (on(0.25))
    plan.process_deaths = static_cast<int>(random.between(std::uint64_t{1}, std::uint64_t{3}));
  if (on(0.15)) plan.machine_deaths = 1;
  if (on(0.3)) plan.stall_every = every();
  if (on(0.2)) plan.name_failure_ratio = random.unit() * 0.5;
  if (on(0.3)) plan.worker_slow_ratio = random.unit() * 0.1;
  if (on(0.4)) plan.target_stall_ratio = random.unit() * 0.01;
  if (on(0.3)) {
    plan.target_rate_bytes_s =
        random.log_between(std::uint64_t{64 * kKiB}, std::uint64_t{16 * kMiB});
  }
  if (on(0.25)) plan.target_reset_ratio = random.unit() * 0.5;
  if (on(0.25)) plan.target_early_half_close_ratio = random.unit() * 0.5;
  if (on(0.2)) plan.target_hang_ratio = random.unit() * 0.3;
  if (on(0.3)) plan.disk_loss_ratio = 0.5;
  return plan;
}

FaultPlan FaultPlan::calm() const {
  FaultPlan plan;
  plan.active_for = active_for;
  plan.wan = wan;
  plan.inside = inside;
  plan.network = network;
  return plan;
}

std::string FaultPlan::describe() const {
  return format(
             "faults for {:.0f} s; wan {:.1f}/{:.1f} ms, {} B/s, spikes {:.3f}; buffers {}..{}, "
             "fragments "
             "{:.2f}; "
             "cuts {} up to {:.1f} s, one way {:.2f}; lanes: reset every {:.1f} s, half open every "
             "{:.1f} "
             "s, "
             "clog every {:.1f} s; refused {:.2f}; deaths {} processes, {} machines; stalls every "
             "{:.1f} "
             "s; names "
             "fail {:.2f}; slow jobs {:.3f}; targets: stall {:.4f}, {} B/s, reset {:.2f}, early "
             "end "
             "{:.2f}, hang {:.2f}; disks lost {:.1f}",
             seconds_of(active_for), seconds_of(wan.latency_min) * 1e3,
             seconds_of(wan.latency_mean) * 1e3, wan.bandwidth_bytes_s, wan.spike_ratio,
             network.send_buffer_bytes_min, network.send_buffer_bytes_max, network.fragment_ratio,
             cuts, seconds_of(cut_max), cut_one_way_ratio, seconds_of(lane_reset_every),
             seconds_of(lane_half_open_every), seconds_of(lane_clog_every), wan_refuse_ratio,
             process_deaths, machine_deaths, seconds_of(stall_every), name_failure_ratio,
             worker_slow_ratio, target_stall_ratio, target_rate_bytes_s, target_reset_ratio,
             target_early_half_close_ratio, target_hang_ratio, disk_loss_ratio) +
         (turned_bit_every > Duration(0)
              ? format("; a bit turned every {:.1f} s", seconds_of(turned_bit_every))
              : "") +
         (torn_state_ratio > 0 ? format("; state torn {:.1f}", torn_state_ratio) : "");
}

// --- FaultInjector ---

FaultInjector::FaultInjector(SimNetwork& network, FaultPlan plan, FaultTargets targets)
    : network_(network),
      world_(network.world()),
      plan_(std::move(plan)),
      targets_(std::move(targets)),
      random_(world_.stream("faults")),
      heal_at_(world_.now() + plan_.active_for) {
  network_.options() = plan_.network;
  network_.set_path(targets_.hosts[0], targets_.hosts[1], plan_.wan);
  for (const HostId host : targets_.hosts) network_.refuse_connects(host, plan_.wan_refuse_ratio);
  at_random(plan_.cuts, [this] { cut(); });
  at_random(plan_.process_deaths, [this] { death(Death::process); });
  at_random(plan_.machine_deaths, [this] { death(Death::machine); });
  repeat(plan_.lane_reset_every, [this] {
    on_lane([this](ConnectionId lane) {
      ++counters_.lane_resets;
      network_.reset_connection(lane);
    });
  });
  repeat(plan_.lane_half_open_every, [this] {
    on_lane([this](ConnectionId lane) {
      ++counters_.half_opens;
      network_.blackhole(lane, heal_at_);
    });
  });
  repeat(plan_.lane_clog_every, [this] {
    on_lane([this](ConnectionId lane) {
      ++counters_.clogs;
      network_.clog(lane, static_cast<int>(random_.below(2)),
                    world_.now() + random_.between(Duration(0), plan_.lane_clog_max));
    });
  });
  repeat(plan_.turned_bit_every, [this] {
    on_lane([this](ConnectionId lane) {
      ++counters_.turned_bits;
      network_.turn_bit(lane, static_cast<int>(random_.below(2)), random_.next());
    });
  });
  repeat(plan_.stall_every, [this] {
    ++counters_.stalls;
    const int side = static_cast<int>(random_.below(2));
    const TimePoint until = world_.now() + random_.between(Duration(0), plan_.stall_max);
    if (!down_[side] && targets_.stall) targets_.stall(side, until);
  });
  at(heal_at_, [this] { heal(); });
}

FaultInjector::~FaultInjector() {
  for (EventId& event : events_) world_.cancel(event);
}

void FaultInjector::at(TimePoint time, std::function<void()> fault) {
  events_.push_back(world_.schedule(time, "fault", std::move(fault)));
}
void FaultInjector::at_random(int count, const std::function<void()>& fault) {
  for (int i = 0; i < count; ++i) {
    at(world_.now() + random_.between(Duration(0), plan_.active_for - Duration(1)), fault);
  }
}
void FaultInjector::repeat(Duration mean, std::function<void()> fault) {
  if (mean == Duration::zero()) return;
  const TimePoint next = world_.now() + random_.exponential(mean) + Duration(1);
  if (next >= heal_at_) return;
  at(next, [this, mean, fault = std::move(fault)] {
    fault();
    repeat(mean, fault);
  });
}

void FaultInjector::cut() {
  ++counters_.cuts;
  const TimePoint until =
      std::min(heal_at_, world_.now() + random_.log_between(plan_.cut_min, plan_.cut_max));
  const auto first = static_cast<std::size_t>(random_.below(2));
  if (random_.chance(plan_.cut_one_way_ratio)) {
    network_.cut_one_way(targets_.hosts[first], targets_.hosts[1 - first], until);
  } else {
    network_.cut(targets_.hosts[0], targets_.hosts[1], until);
  }
}

void FaultInjector::on_lane(const std::function<void(ConnectionId)>& fault) {
  const auto lanes = network_.connections_between(targets_.hosts[0], targets_.hosts[1]);
  if (!lanes.empty()) fault(lanes[random_.below(lanes.size())]);
}

void FaultInjector::death(Death death) {
  const int side = static_cast<int>(random_.below(2));
  if (down_[side] || !targets_.die) return;
  ++counters_.deaths;
  down_[side] = true;
  targets_.die(side, death);
  const TimePoint back = world_.now() + random_.between(Duration(1), plan_.downtime_max);
  at(std::min(back, heal_at_ - Duration(1)), [this, side] {
    network_.power_on(targets_.hosts[side]);
    down_[side] = false;
    targets_.restart(side);
  });
}

void FaultInjector::heal() {
  healed_ = true;
  network_.heal();
}

}  // namespace longthrow::sim
