// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_hooks.h"

#include <cerrno>
#include <utility>

namespace longthrow::sim {
namespace {

struct Silence {
  void drop(int) {}
};

std::string value_of(const HookCall& call, const std::string& name) {
  for (const std::string& variable : call.environment) {
    if (variable.starts_with(name + "=")) return variable.substr(name.size() + 1);
  }
  return {};
}

}  // namespace

SimHooks::SimHooks(SimWorld& world, SimLoop& loop, int side, const std::string& name,
                   const HookPlan& plan)
    : world_(world),
      loop_(loop),
      side_(side),
      random_(world.stream("hooks." + name)),
      plan_(plan) {}

void SimHooks::run(HookCall& call) {
  call.operation.mark_started();
  Running& running = in_flight_[&call];
  running.run = {
      .group = value_of(call, "LONGTHROW_GROUP"),
      .checkpoint = value_of(call, "LONGTHROW_CHECKPOINT"),
      .proof = parse_word<Proof>(value_of(call, "LONGTHROW_PROOF")).value_or(Proof::none),
      .number = ++runs_};
  if (plan_.on_begin) plan_.on_begin(side_, running.run);
  const Duration takes =
      random_.log_between(Duration(std::chrono::milliseconds(1)), plan_.takes_max);
  const bool late = takes > call.timeout;
  const HookResult result = late                          ? HookResult::timed_out
                            : random_.chance(plan_.fails) ? HookResult::failed
                                                          : HookResult::ok;
  running.end = world_.schedule_after(std::min(takes, call.timeout), "hook.end",
                                      [this, &call, result] { end(call, result, 0); });
}

void SimHooks::cancel(HookCall& call) {
  const auto found = in_flight_.find(&call);
  if (found == in_flight_.end() || !found->second.end.set()) return;
  world_.cancel(found->second.end);
  end(call, HookResult::failed, -ECANCELED);
}

void SimHooks::end(HookCall& call, HookResult result, int code) {
  Running& running = in_flight_.at(&call);
  running.end = EventId{};
  if (plan_.on_end) plan_.on_end(side_, running.run);
  loop_.post([this, &call, result, code] {
    in_flight_.erase(&call);
    call.result = result;
    call.text = result == HookResult::ok ? "" : "it was to end badly";
    call.operation.complete(code);
  });
}

void SimHooks::kill() {
  for (auto& [call, running] : in_flight_) {
    if (running.end.set() && plan_.on_end) plan_.on_end(side_, running.run);
    world_.cancel(running.end);
    Silence silence;
    call->operation.bind<&Silence::drop>(&silence);
    call->operation.complete(-ECANCELED);
  }
  in_flight_.clear();
}

}  // namespace longthrow::sim
