// SPDX-License-Identifier: Apache-2.0
// The administrator's programs that a simulated node waits for: they take a drawn time, and end
// well or not.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "longthrow/hooks.h"
#include "tests/sim/sim_loop.h"

namespace longthrow::sim {

// What one run of a program was told, by its environment.
struct HookRun {
  std::string group;
  std::string checkpoint;
  Proof proof = Proof::none;
  std::uint64_t number = 0;  // of all runs at this side
};
struct HookPlan {
  double fails = 0;  // the part of the programs that does
  Duration takes_max = std::chrono::seconds(5);
  // Called within the node's turn in which a program starts, and when it has ended or was killed.
  std::function<void(int side, const HookRun&)> on_begin{};
  std::function<void(int side, const HookRun&)> on_end{};
};

class SimHooks final : public HookRunner {
 public:
  SimHooks(SimWorld& world, SimLoop& loop, int side, const std::string& name, const HookPlan& plan);
  ~SimHooks() override { LT_ASSERT(in_flight_.empty()); }

  void run(HookCall& call) override;
  void cancel(HookCall& call) override;
  // The process has died, and its programs with it.
  void kill();

 private:
  struct Running {
    HookRun run;
    EventId end{};
  };
  void end(HookCall& call, HookResult result, int code);

  SimWorld& world_;
  SimLoop& loop_;
  const int side_;
  RandomStream random_;
  const HookPlan& plan_;
  std::map<HookCall*, Running> in_flight_;
  std::uint64_t runs_ = 0;
};

}  // namespace longthrow::sim
