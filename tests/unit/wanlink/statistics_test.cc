// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/statistics.h"

#include <gtest/gtest.h>

namespace longthrow::wanlink {
namespace {

using namespace std::chrono_literals;

TEST(Lateness, NothingRecordedIsZero) {
  EXPECT_EQ(Lateness().mean_us(), 0.0);
  EXPECT_EQ(Lateness().p99_us(), 0.0);
}

TEST(Lateness, P99LeavesOutTheWorstHundredth) {
  Lateness lateness;
  for (int i = 0; i < 995; ++i) lateness.record(10us);
  for (int i = 0; i < 5; ++i) lateness.record(5ms);
  EXPECT_EQ(lateness.p99_us(), 16.0);
  EXPECT_EQ(lateness.max_us(), 5000.0);
  EXPECT_DOUBLE_EQ(lateness.mean_us(), 10.0 * 0.995 + 5000.0 * 0.005);
}

TEST(Lateness, P99IsNeverMoreThanTheMaximum) {
  Lateness lateness;
  lateness.record(100us);
  EXPECT_EQ(lateness.p99_us(), 100.0);
}

TEST(Lateness, AbsurdLatenessFallsInTheLastBucket) {
  Lateness lateness;
  lateness.record(1000h * 24);
  EXPECT_GT(lateness.p99_us(), 1e11);
}

}  // namespace
}  // namespace longthrow::wanlink
