// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/fault_count.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

TEST(FaultCount, OneAfterTheOtherIsTooManyOnce) {
  FaultCount faults;
  TimePoint now{std::chrono::hours(100)};
  for (int round = 0; round < 2; ++round) {
    for (int i = 1; i < FaultCount::kMax; ++i) {
      EXPECT_FALSE(faults.add(now += std::chrono::minutes(59))) << i;
    }
    EXPECT_TRUE(faults.add(now));
  }
}

TEST(FaultCount, OneNowAndThenIsForgotten) {
  FaultCount faults;
  TimePoint now{std::chrono::hours(100)};
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(faults.add(now += std::chrono::minutes(61)));
}

}  // namespace
}  // namespace longthrow
