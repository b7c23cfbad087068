// SPDX-License-Identifier: Apache-2.0
// The turn of a simulated loop, its timers, tasks, look-ups and its death.
#include "tests/sim/sim_loop.h"

#include <algorithm>
#include <utility>

namespace longthrow::sim {
namespace {
// 2026-01-01 00:00:00 UTC.
constexpr WallTime kWallStart{std::chrono::seconds(1767225600)};

struct Silence {
  void drop(int) {}
};
}  // namespace

SimLoop::SimLoop(SimNetwork& network, HostId host, const std::string& name, SimLoopOptions options)
    : network_(network),
      world_(network.world()),
      host_(host),
      options_(options),
      random_(world_.stream("loop." + name)) {}

SimLoop::~SimLoop() {
  if (alive_) kill(Death::process);
}

WallTime SimLoop::wall_now() const {
  return kWallStart + world_.elapsed() + options_.wall_offset + wall_jump_;
}

// --- turns ---

void SimLoop::push(Ready ready) {
  ready.order = next_id_++;
  ready_.push_back(std::move(ready));
  if (std::exchange(turn_due_, true)) return;
  const TimePoint at = world_.now() + random_.between(Duration(1), options_.turn_delay_max);
  turn_event_ = world_.schedule(std::max(at, stalled_until_), "loop.turn", [this] { turn(); });
}

void SimLoop::turn() {
  turn_event_ = EventId{};
  turn_due_ = false;
  if (stalled_until_ > world_.now()) {
    turn_due_ = true;
    turn_event_ = world_.schedule(stalled_until_, "loop.turn", [this] { turn(); });
    return;
  }
  put_in_order();
  while (!batch_.empty()) {
    Ready next = std::move(batch_.front());
    batch_.pop_front();
    dispatch(std::move(next));
  }
}

// Shuffles what is ready; then what has an order of its own goes back into it, in the places it
// has.
void SimLoop::put_in_order() {
  random_.shuffle(ready_);
  const auto deadline = [this](const Ready& ready) {
    const auto armed = timers_.find(ready.id);
    return armed != timers_.end() ? armed->second.timer->deadline() : TimePoint{};
  };
  using What = Ready::What;
  for (const What what : {What::accepted, What::timer, What::task}) {
    std::vector<std::size_t> places;
    std::vector<Ready> items;
    for (std::size_t i = 0; i < ready_.size(); ++i) {
      const bool in_accept_order = ready_[i].what == What::result && !ready_[i].out;
      if (ready_[i].what != what && !(what == What::accepted && in_accept_order)) continue;
      places.push_back(i);
      items.push_back(std::move(ready_[i]));
    }
    std::ranges::sort(items, [&](const Ready& a, const Ready& b) {
      if (what == What::timer && deadline(a) != deadline(b)) return deadline(a) < deadline(b);
      return a.order < b.order;
    });
    for (std::size_t i = 0; i < places.size(); ++i) ready_[places[i]] = std::move(items[i]);
  }
  for (Ready& ready : ready_) batch_.push_back(std::move(ready));
  ready_.clear();
}

void SimLoop::dispatch(Ready ready) {
  switch (ready.what) {
    case Ready::What::attempt: {
      const auto found = sockets_.find(ready.socket);
      if (found == sockets_.end()) return;
      Slot& slot = ready.out ? found->second.out : found->second.in;
      if (slot.kind == Kind::none || slot.decided) return;
      slot.queued = false;
      // The result of this attempt is dispatched at once: it was this turn's kernel call.
      const auto result = ready.out ? try_send(found->second) : try_read(found->second);
      if (result.has_value()) finish(ready.socket, ready.out, *result);
      return;
    }
    case Ready::What::result:
      return finish(ready.socket, ready.out, ready.result);
    case Ready::What::accepted: {
      Operation* op = sockets_.at(ready.socket).in.op;
      world_.trace("loop.accepted", static_cast<std::uint64_t>(ready.result));
      return op->complete(ready.result, Operation::After::goes_on);
    }
    case Ready::What::looked_up:
      return finish_lookup(ready.id, ready.result);
    case Ready::What::timer: {
      const auto found = timers_.find(ready.id);
      if (found == timers_.end()) return;  // disarmed or moved in this turn
      Timer* timer = found->second.timer;
      timers_.erase(found);
      world_.trace("loop.timer", ready.id);
      return timer->fire();
    }
    case Ready::What::task:
      world_.trace("loop.task");
      return ready.task();
  }
}

void SimLoop::post(Task task) {
  if (!alive_) return;
  push({.what = Ready::What::task, .task = std::move(task)});
}

void SimLoop::run() {
  running_ = true;
  while (running_ && world_.step()) {
  }
}

// --- timers ---

void SimLoop::arm(Timer& timer, TimePoint deadline) {
  LT_ASSERT(alive_);
  if (timer.armed()) disarm(timer);
  timer.mark_armed(deadline);
  const std::uint64_t id = next_id_++;
  timer.backend_tag = id;
  Armed armed{.timer = &timer};
  if (deadline != kNever) {
    const TimePoint at = std::max(world_.now(), deadline - options_.clock_offset);
    armed.event =
        world_.schedule(at + random_.between(Duration(0), options_.timer_slack_max), "loop.timer",
                        [this, id] { push({.what = Ready::What::timer, .id = id}); });
  }
  timers_.emplace(id, armed);
}

void SimLoop::disarm(Timer& timer) {
  if (!timer.armed()) return;
  const auto found = timers_.find(timer.backend_tag);
  LT_ASSERT(found != timers_.end() && found->second.timer == &timer);
  world_.cancel(found->second.event);
  timers_.erase(found);
  timer.mark_disarmed();
}

// --- names ---

void SimLoop::resolve(Resolution& resolution, const HostPort& name) {
  LT_ASSERT(alive_);
  const std::uint64_t id = next_id_++;
  resolution.operation.mark_started();
  resolution.operation.backend = this;
  resolution.operation.backend_tag = id << 2 | 2;
  resolution.endpoints.clear();
  resolution.error.clear();
  Looking looking{.resolution = &resolution};
  int result = 0;
  const Duration delay_max = options_.names != nullptr ? options_.names->delay_max : Duration(1000);
  if (auto numeric = parse_endpoint(to_string(name)); numeric.has_value()) {
    looking.found.push_back(*numeric);
  } else if (options_.names != nullptr && random_.chance(options_.names->failure_ratio)) {
    result = -EAGAIN;
    looking.error = "temporary failure in name resolution";
  } else if (options_.names == nullptr || !options_.names->names.contains(name.host)) {
    result = -ENOENT;
    looking.error = "no such host: " + name.host;
  } else {
    looking.found = options_.names->names.at(name.host);
    for (Endpoint& endpoint : looking.found) endpoint.port = name.port;
  }
  looking.event = world_.schedule_after(
      random_.between(Duration(0), delay_max), "loop.resolve", [this, id, result] {
        lookups_.at(id).decided = true;
        push({.what = Ready::What::looked_up, .result = result, .id = id});
      });
  lookups_.emplace(id, std::move(looking));
}

void SimLoop::finish_lookup(std::uint64_t id, int result) {
  auto node = lookups_.extract(id);
  Looking& looking = node.mapped();
  if (result == 0) looking.resolution->endpoints = std::move(looking.found);
  looking.resolution->error = std::move(looking.error);
  world_.trace("loop.resolved", id, static_cast<std::uint64_t>(result));
  looking.resolution->operation.complete(result);
}

// --- death ---

void SimLoop::silence(Operation& op) {
  Silence silence;
  op.bind<&Silence::drop>(&silence);
  op.complete(-ECANCELED);
}

void SimLoop::kill(Death death) {
  if (!std::exchange(alive_, false)) return;
  running_ = false;
  world_.trace("loop.kill", static_cast<std::uint64_t>(host_), death == Death::machine ? 1 : 0);
  world_.cancel(turn_event_);
  for (auto& [id, armed] : timers_) {
    world_.cancel(armed.event);
    armed.timer->mark_disarmed();
  }
  for (auto& [id, looking] : lookups_) {
    world_.cancel(looking.event);
    silence(looking.resolution->operation);
  }
  if (death == Death::machine) network_.power_off(host_);
  for (auto& [id, open] : sockets_) {
    if (open.in.op != nullptr) silence(*open.in.op);
    if (open.out.op != nullptr) silence(*open.out.op);
    network_.close_dead(open.net);
  }
  for (auto& [net, event] : lingering_) {
    world_.cancel(event);
    network_.close_dead(net);
  }
  lingering_.clear();
  timers_.clear();
  lookups_.clear();
  sockets_.clear();
  by_net_.clear();
  // Tasks own things whose destructors may call back; they find a dead loop.
  const auto dropped_tasks = std::exchange(ready_, {});
  const auto dropped_batch = std::exchange(batch_, {});
}

std::size_t SimLoop::operations_in_flight() const {
  std::size_t count = lookups_.size();
  for (const auto& [id, open] : sockets_) {
    count += (open.in.op != nullptr ? 1U : 0U) + (open.out.op != nullptr ? 1U : 0U);
  }
  return count;
}

}  // namespace longthrow::sim
