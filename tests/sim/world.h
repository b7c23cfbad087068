// SPDX-License-Identifier: Apache-2.0
// The simulated world: one virtual clock, one queue of events, one seed. Everything that happens in
// a simulation happens in an event, one at a time, on one thread; nothing reads a real clock.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "longthrow/time.h"
#include "tests/sim/random_stream.h"

namespace longthrow::sim {

// A name in the trace, hashed when compiled. Only string literals.
struct TraceTag {
  consteval TraceTag(const char* text) : name(text), hash(hash_text(text)) {}  // NOLINT
  const char* name;
  std::uint64_t hash;
};

// Names one scheduled event, for `cancel`. A default or used one names nothing.
struct EventId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  [[nodiscard]] bool set() const { return generation != 0; }
};

// Not thread-safe, pinned. Same seed and same program: same events, same trace hash, same unseed.
class SimWorld {
 public:
  using Action = std::move_only_function<void()>;
  using TraceSink =
      std::function<void(TimePoint, std::string_view tag, std::uint64_t, std::uint64_t)>;

  explicit SimWorld(std::uint64_t seed);
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  [[nodiscard]] TimePoint now() const { return now_; }
  // Time since the world began.
  [[nodiscard]] Duration elapsed() const { return now_ - start(); }
  [[nodiscard]] static TimePoint start() { return TimePoint(std::chrono::seconds(1)); }

  // An independent generator; the same name and index give the same draws. Must not outlive the
  // world.
  [[nodiscard]] RandomStream stream(std::string_view name, std::uint64_t index = 0);

  // Runs `action` at `at` (not before now). Events of the same moment run in random order: who
  // needs an order keeps a queue of his own. `kNever` is never run.
  EventId schedule(TimePoint at, TraceTag tag, Action action);
  EventId schedule_after(Duration delay, TraceTag tag, Action action) {
    return schedule(now_ + delay, tag, std::move(action));
  }
  // Forgets the event, if it has not run, and clears `id`.
  void cancel(EventId& id);

  // Runs one event; false when there is none.
  bool step();
  // Runs all events up to and including `time`, then the clock stands at `time`.
  void run_until(TimePoint time);
  // Runs until `done()` holds (checked before the first and after each event): true. False when
  // `limit` passes first; the clock then stands at `limit`.
  bool run_until(const std::function<bool()>& done, TimePoint limit);
  void run_for(Duration time) { run_until(now_ + time); }

  // Adds something that happened to the trace.
  void trace(TraceTag tag, std::uint64_t a = 0, std::uint64_t b = 0);
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_hash_; }
  // For replay: each trace entry is shown to `sink`. Does not change the trace.
  void set_trace_sink(TraceSink sink) { sink_ = std::move(sink); }
  // One more draw after all others: differs when any stream has drawn differently. Call at the end.
  [[nodiscard]] std::uint64_t unseed() { return ties_.next() ^ draws_; }
  [[nodiscard]] std::uint64_t events_run() const { return events_run_; }

 private:
  struct Slot {
    Action action;
    TraceTag tag{""};
    std::uint32_t generation = 1;
  };
  struct Entry {
    TimePoint at;
    std::uint64_t tie;
    EventId id;
    bool operator<(const Entry& other) const {  // std heaps have the largest on top
      return at != other.at ? at > other.at : tie > other.tie;
    }
  };
  // Removes cancelled entries from the top; false when no event is left.
  bool find_next();
  void release(std::uint32_t slot);

  std::uint64_t seed_;
  std::uint64_t draws_ = 0;
  RandomStream ties_;
  TimePoint now_ = start();
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<Entry> heap_;
  std::uint64_t trace_hash_ = 0;
  std::uint64_t events_run_ = 0;
  TraceSink sink_;
};

}  // namespace longthrow::sim
