// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

namespace longthrow::sim {

SimWorld::SimWorld(std::uint64_t seed)
    : seed_(seed), ties_(seed ^ hash_text("world.ties"), &draws_) {}

RandomStream SimWorld::stream(std::string_view name, std::uint64_t index) {
  return RandomStream(mix64(seed_ + hash_text(name)) ^ mix64(index + 1), &draws_);
}

EventId SimWorld::schedule(TimePoint at, TraceTag tag, Action action) {
  LT_ASSERT(action != nullptr);
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  slots_[slot].action = std::move(action);
  slots_[slot].tag = tag;
  const EventId id{slot, slots_[slot].generation};
  if (at != kNever) {
    heap_.push_back({std::max(at, now_), ties_.next(), id});
    std::push_heap(heap_.begin(), heap_.end());
  }
  return id;
}

void SimWorld::cancel(EventId& id) {
  const EventId target = std::exchange(id, EventId{});
  if (!target.set() || slots_[target.slot].generation != target.generation) return;
  const Action dropped = std::move(slots_[target.slot].action);
  release(target.slot);
}

void SimWorld::release(std::uint32_t slot) {
  slots_[slot].action = nullptr;
  if (++slots_[slot].generation == 0) slots_[slot].generation = 1;
  free_slots_.push_back(slot);
}

bool SimWorld::find_next() {
  while (!heap_.empty()) {
    const EventId id = heap_.front().id;
    if (slots_[id.slot].generation == id.generation) return true;
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
  }
  return false;
}

bool SimWorld::step() {
  if (!find_next()) return false;
  const Entry next = heap_.front();
  std::pop_heap(heap_.begin(), heap_.end());
  heap_.pop_back();
  Action action = std::move(slots_[next.id.slot].action);
  const TraceTag tag = slots_[next.id.slot].tag;
  release(next.id.slot);
  now_ = next.at;
  ++events_run_;
  trace(tag);
  action();
  return true;
}

void SimWorld::run_until(TimePoint time) {
  while (find_next() && heap_.front().at <= time) step();
  now_ = std::max(now_, time);
}

bool SimWorld::run_until(const std::function<bool()>& done, TimePoint limit) {
  while (!done()) {
    if (!find_next() || heap_.front().at > limit) {
      now_ = std::max(now_, limit);
      return false;
    }
    step();
  }
  return true;
}

void SimWorld::trace(TraceTag tag, std::uint64_t a, std::uint64_t b) {
  const auto time = static_cast<std::uint64_t>(now_.time_since_epoch().count());
  trace_hash_ =
      mix64(trace_hash_ + time + tag.hash) + mix64(a + 0x9e3779b97f4a7c15U) * 3 + mix64(b);
  if (sink_) sink_(now_, tag.name, a, b);
}

}  // namespace longthrow::sim
