// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include <gtest/gtest.h>

#include <set>

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;

struct Fingerprint {
  std::uint64_t hash;
  std::uint64_t unseed;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// Events that schedule each other at random moments, many of them the same.
Fingerprint run_storm(std::uint64_t seed, bool extra_stream = false) {
  SimWorld world(seed);
  RandomStream delays = world.stream("delays");
  RandomStream other = world.stream("other");
  int left = 2000;
  std::function<void()> spawn = [&] {
    if (--left < 0) return;
    for (int i = 0; i < 2; ++i) {
      world.schedule_after(milliseconds(delays.below(3)), "storm", [&] { spawn(); });
    }
    world.trace("left", static_cast<std::uint64_t>(left));
    if (extra_stream) (void)other.next();
  };
  spawn();
  while (world.step()) {
  }
  return {world.trace_hash(), world.unseed()};
}

TEST(SimWorld, SameSeedSameHashAndUnseed) { EXPECT_EQ(run_storm(7), run_storm(7)); }

TEST(SimWorld, OtherSeedOtherHash) { EXPECT_NE(run_storm(7).hash, run_storm(8).hash); }

TEST(SimWorld, DrawsOfOneStreamDoNotDisturbOthersButShowInUnseed) {
  EXPECT_EQ(run_storm(7).hash, run_storm(7, true).hash);
  EXPECT_NE(run_storm(7).unseed, run_storm(7, true).unseed);
}

TEST(SimWorld, TraceHashDependsOnValuesAndOrder) {
  const auto hash_of = [](std::uint64_t a, std::uint64_t b) {
    SimWorld world(1);
    world.trace("x", a);
    world.trace("x", b);
    return world.trace_hash();
  };
  EXPECT_NE(hash_of(1, 2), hash_of(2, 1));
  EXPECT_NE(hash_of(1, 2), hash_of(1, 3));
}

TEST(SimWorld, RunsByTimeAndSimultaneousOnesInSeededOrder) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimWorld world(seed);
    std::string order;
    world.schedule_after(milliseconds(2), "late", [&] { order += 'z'; });
    for (const char c : {'a', 'b', 'c'}) {
      world.schedule_after(milliseconds(1), "same", [&order, c] { order += c; });
    }
    world.run_for(milliseconds(5));
    EXPECT_EQ(order.back(), 'z');
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6U);
}

TEST(SimWorld, CancelledEventNeverRunsAndItsSlotIsReused) {
  SimWorld world(1);
  int ran = 0;
  EventId event = world.schedule_after(milliseconds(1), "x", [&] { ran += 1; });
  EventId stale = event;
  world.cancel(event);
  EXPECT_FALSE(event.set());
  world.schedule_after(milliseconds(1), "y", [&] { ran += 10; });
  world.cancel(stale);
  world.run_for(milliseconds(5));
  EXPECT_EQ(ran, 10);
}

TEST(SimWorld, RunUntilStopsAtThePredicateOrTheLimit) {
  SimWorld world(1);
  bool done = false;
  world.schedule_after(milliseconds(3), "x", [&] { done = true; });
  const TimePoint begin = world.now();
  EXPECT_FALSE(world.run_until([&] { return done; }, begin + milliseconds(2)));
  EXPECT_EQ(world.now(), begin + milliseconds(2));
  EXPECT_TRUE(world.run_until([&] { return done; }, begin + milliseconds(9)));
  EXPECT_EQ(world.now(), begin + milliseconds(3));
  EXPECT_FALSE(world.step());
}

TEST(RandomStream, StaysInBounds) {
  RandomStream random(3);
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_LE(random.between(std::uint64_t{5}, std::uint64_t{9}) - 5, 4U);
    const auto spread = random.log_between(std::uint64_t{1}, std::uint64_t{1000});
    EXPECT_TRUE(spread >= 1 && spread <= 1000);
    EXPECT_GE(random.exponential(milliseconds(1)).count(), 0);
  }
  EXPECT_FALSE(random.chance(0));
  EXPECT_TRUE(random.chance(1));
}

}  // namespace
}  // namespace longthrow::sim
