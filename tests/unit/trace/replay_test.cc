// SPDX-License-Identifier: Apache-2.0
// The model, beside answers that are reckoned by hand or by trying everything.
#include "proxy/trace/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace longthrow::trace {
namespace {

constexpr double kEndless = 1e18;

std::vector<Step> steps_of(const std::vector<double>& stored, double capacity) {
  std::vector<Step> steps;
  for (const double bytes : stored) {
    steps.push_back({.stored_bytes = bytes,
                     .capacity_bytes = capacity,
                     .wall = static_cast<std::int64_t>(steps.size())});
  }
  return steps;
}

// 10 bytes in the first second, 2 a second leave: 8, 6, 4, 2, 0 wait at the ends of the seconds.
TEST(TraceReplay, ABurstDrainsAsReckoned) {
  const auto steps = steps_of({10, 0, 0, 0, 0, 0}, 2);
  const Replay all = replay(steps, kEndless);
  EXPECT_EQ(all.slowed_s, 0.0);
  EXPECT_DOUBLE_EQ(all.need_bytes.value, 8);
  EXPECT_EQ(all.queue_bytes, (std::vector<double>{8, 8, 6, 4, 2, 0}));
  // At the end of the fourth second the byte that came at 0.8 s is the oldest.
  EXPECT_DOUBLE_EQ(all.lag_s.value, 3.2);
  EXPECT_EQ(all.lag_s.wall, 3);
  EXPECT_DOUBLE_EQ(all.lags_s.back(), 0.0);
}

// The queue is above 5 from 5/8 of the first second until the middle of the third.
TEST(TraceReplay, ASmallBufferSlowsTheSourceForAsLongAsReckoned) {
  const Replay small = replay(steps_of({10, 0, 0, 0, 0, 0}, 2), 5);
  EXPECT_DOUBLE_EQ(small.slowed_s, 0.375 + 1 + 0.5);
  ASSERT_EQ(small.windows, 1U);
  EXPECT_DOUBLE_EQ(small.worst[0].seconds, 1.875);
  EXPECT_DOUBLE_EQ(small.worst[0].waiting_bytes, 3);
  EXPECT_EQ(small.worst[0].from_wall, 0);
}

TEST(TraceReplay, TheLongestWindowsComeFirst) {
  std::vector<double> stored;
  for (int burst = 1; burst <= 15; ++burst) {
    stored.push_back(10.0 * burst);
    stored.insert(stored.end(), 200, 0.0);
  }
  const Replay result = replay(steps_of(stored, 1), 1);
  EXPECT_EQ(result.windows, 15U);
  ASSERT_EQ(result.worst.size(), Replay::kWindowsMax);
  EXPECT_GT(result.worst[0].seconds, result.worst[1].seconds);
  EXPECT_EQ(result.worst[0].from_wall, 14 * 201);
}

TEST(TraceReplay, BehindAGapTheBufferIsEmpty) {
  auto steps = steps_of({10, 0, 0}, 0);
  steps[2].before = Step::Before::unknown;
  const Replay result = replay(steps, kEndless);
  EXPECT_DOUBLE_EQ(result.queue_bytes[1], 10);
  EXPECT_DOUBLE_EQ(result.queue_bytes[2], 0);
  EXPECT_DOUBLE_EQ(result.lags_s[2], 0);
}

TEST(TraceReplay, TheShareOfSecondsIsCountedBySeconds) {
  std::vector<double> stored(10'000, 0.0);
  for (std::size_t i = 0; i < 6; ++i) stored[i * 1000 + 1] = 100;  // 6 of 10000: above 0.05 %
  for (std::size_t i = 0; i < 4; ++i) stored[i * 1000 + 500] = 900;
  const auto steps = steps_of(stored, 0);
  auto empties = steps;
  for (Step& step : empties) step.capacity_bytes = 0;
  for (std::size_t i = 1; i < empties.size(); ++i) empties[i].before = Step::Before::unknown;
  const Replay result = replay(empties, kEndless);
  EXPECT_DOUBLE_EQ(need_of_seconds(empties, result, 0.9995), 100);
  EXPECT_DOUBLE_EQ(need_of_seconds(empties, result, 1.0), 900);
  EXPECT_DOUBLE_EQ(need_of_seconds(empties, result, 0.999), 0);
}

TEST(TraceReplay, AMinuteIsAsSixtySecondsOfItsMean) {
  std::vector<Step> minute{{.seconds = 60, .stored_bytes = 600, .capacity_bytes = 300},
                           {.seconds = 60, .stored_bytes = 0, .capacity_bytes = 300}};
  std::vector<double> stored(60, 10.0);
  stored.insert(stored.end(), 60, 0.0);
  const auto seconds = steps_of(stored, 5);
  const Replay a = replay(minute, 100);
  const Replay b = replay(seconds, 100);
  EXPECT_NEAR(a.slowed_s, b.slowed_s, 1e-6);
  EXPECT_NEAR(a.need_bytes.value, b.need_bytes.value, 1e-6);
}

// A steady 3 a second on a link of 5: 20 s down need 60, and it takes 30 s to drain.
TEST(TraceReplay, AnOutageNeedsWhatComesMeanwhile) {
  const auto steps = steps_of(std::vector<double>(100, 3.0), 5);
  const auto worst = worst_outage(steps, 20);
  ASSERT_TRUE(worst);
  EXPECT_NEAR(worst->need_bytes, 60, 1e-6);
  const Replay with = replay(with_outage(steps, worst->at), kEndless);
  EXPECT_NEAR(with.need_bytes.value, 60, 1e-6);
  EXPECT_NEAR(with.lag_s.value, 20, 1.0);
}

TEST(TraceReplay, TheWorstOutageIsThatOfTryingEverySecond) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> stored;
    for (int i = 0; i < 60; ++i)
      stored.push_back(random() % 4 == 0 ? static_cast<double>(random() % 50) : 2.0);
    auto steps = steps_of(stored, static_cast<double>(random() % 20));
    if (random() % 2 == 0) steps[30].before = Step::Before::unknown;
    for (Step& step : steps)
      if (random() % 10 == 0) step.capacity_bytes = 0;
    const auto seconds = static_cast<double>(1 + random() % 12) + (random() % 2 == 0 ? 0.5 : 0.0);
    double most = 0.0;
    for (std::size_t from = 0; from < steps.size(); ++from) {
      const std::size_t end = from < 30 && steps[30].before == Step::Before::unknown ? 30 : 60;
      if (static_cast<double>(from) + seconds > static_cast<double>(end)) continue;
      const auto tried = with_outage(steps, {.step = from, .seconds = seconds});
      most = std::max(most, replay(tried, kEndless).need_bytes.value);
    }
    const auto worst = worst_outage(steps, seconds);
    ASSERT_TRUE(worst);
    const double without = replay(steps, kEndless).need_bytes.value;
    // Where the outage ends within a second the trial spreads the rest evenly over that second.
    const double slack = seconds == static_cast<double>(static_cast<int>(seconds)) ? 1e-6 : 25.0;
    ASSERT_NEAR(std::max(worst->need_bytes, without), most, slack) << round;
  }
}

TEST(TraceReplay, AnOutageLongerThanEveryStretchHasNoAnswer) {
  auto steps = steps_of(std::vector<double>(20, 1.0), 2);
  steps[10].before = Step::Before::unknown;
  EXPECT_TRUE(worst_outage(steps, 10));
  EXPECT_FALSE(worst_outage(steps, 11));
}

}  // namespace
}  // namespace longthrow::trace
