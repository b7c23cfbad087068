// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/rates.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

using namespace std::chrono_literals;

TEST(RateMeter, ComesNearASteadyRateAndFallsWithSilence) {
  RateMeter meter;
  std::uint64_t total = 0;
  for (int i = 0; i < 100; ++i) meter.update(100ms, total += 1000);
  EXPECT_NEAR(meter.bytes_s(), 10'000, 100);
  for (int i = 0; i < 100; ++i) meter.update(100ms, total);
  EXPECT_LT(meter.bytes_s(), 100);
}

TEST(RateMeter, AnIntervalOfNothingChangesNothing) {
  RateMeter meter;
  meter.update(0ms, 1'000'000);
  EXPECT_EQ(meter.bytes_s(), 0.0);
}

}  // namespace
}  // namespace longthrow
