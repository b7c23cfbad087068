// SPDX-License-Identifier: Apache-2.0
// Virtual workers: jobs start in order, take a random virtual time, and finish in any order.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "longthrow/worker_pool.h"
#include "tests/sim/sim_loop.h"

namespace longthrow::sim {

struct SimWorkerOptions {
  int threads = 2;
  Duration time_min = std::chrono::microseconds(20);
  Duration time_max = std::chrono::microseconds(500);
  double slow_ratio = 0.0;  // jobs that take `slow` longer
  Duration slow = std::chrono::milliseconds(50);
};

// `finish` is called in a turn of `loop`. One pool for each start of a process; outlives its jobs'
// time under way, or is cleared.
class SimWorkerPool final : public WorkerPool {
 public:
  SimWorkerPool(SimLoop& loop, SimWorld& world, const std::string& name,
                SimWorkerOptions options = {})
      : loop_(loop), world_(world), options_(options), random_(world.stream("workers." + name)) {}
  ~SimWorkerPool() override { clear(); }

  [[nodiscard]] int threads() const override { return options_.threads; }
  void submit(Job& job) override {
    LT_ASSERT(loop_.alive() && options_.threads > 0);
    waiting_.push_back(&job);
    start_waiting();
  }
  // Work costs the same in every run.
  [[nodiscard]] Duration cpu_clock() const noexcept override {
    return Duration(std::chrono::microseconds(50)) * ++clock_reads_;
  }
  // Process death: forgets all jobs without a call; their owners may be destroyed.
  void clear() {
    for (auto& [id, running] : running_) world_.cancel(running.event);
    running_.clear();
    waiting_.clear();
  }
  [[nodiscard]] std::size_t jobs_under_way() const { return waiting_.size() + running_.size(); }

 private:
  struct Running {
    Job* job = nullptr;
    EventId event;
    bool has_run = false;
  };

  void start_waiting() {
    while (!waiting_.empty() && busy() < static_cast<std::size_t>(options_.threads)) {
      const std::uint64_t id = next_id_++;
      Running& running = running_[id];
      running.job = waiting_.front();
      waiting_.pop_front();
      // Both are allowed: what the job sees must not depend on when it runs.
      if (random_.chance(0.5)) run(running);
      Duration time = random_.log_between(options_.time_min, options_.time_max);
      if (random_.chance(options_.slow_ratio)) time += options_.slow;
      running.event = world_.schedule_after(time, "worker.done", [this, id] { done(id); });
    }
  }
  static void run(Running& running) {
    running.job->run();
    running.has_run = true;
  }
  [[nodiscard]] std::size_t busy() const { return running_.size() - finishing_; }
  void done(std::uint64_t id) {
    Running& running = running_.at(id);
    running.event = EventId{};
    if (!running.has_run) run(running);
    ++finishing_;
    loop_.post([this, id] {
      Job* job = running_.extract(id).mapped().job;
      --finishing_;
      job->finish();
    });
    start_waiting();
  }

  SimLoop& loop_;
  SimWorld& world_;
  const SimWorkerOptions options_;
  RandomStream random_;
  std::deque<Job*> waiting_;
  std::map<std::uint64_t, Running> running_;  // started, until `finish` is called
  std::size_t finishing_ = 0;                 // of these, done and posted
  std::uint64_t next_id_ = 1;
  mutable std::int64_t clock_reads_ = 0;
};

}  // namespace longthrow::sim
