// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/forecast.h"

#include <gtest/gtest.h>

#include "longthrow/bytes.h"

namespace longthrow {
namespace {

using std::chrono::seconds;

constexpr double kRate = 1e6;

TEST(Forecast, ABacklogThatShrinksIsDrainedInTime) {
  const Forecast told = forecast(
      {.flows = true, .lag_bytes = 10'000'000, .in_bytes_s = kRate, .out_bytes_s = 2 * kRate});
  EXPECT_DOUBLE_EQ(*told.drain_s, 10.0);
  EXPECT_FALSE(told.full_s);
}

TEST(Forecast, ALinkThatIsDownDrainsNothing) {
  const FlowNow down{
      .lag_bytes = 10'000'000, .free_bytes = 20'000'000, .in_bytes_s = kRate, .out_bytes_s = 1e9};
  EXPECT_FALSE(forecast(down).drain_s) << "the last rate is not one of now";
  EXPECT_DOUBLE_EQ(*forecast(down).full_s, 20.0);
}

TEST(Forecast, WhatIsTooFarAheadIsUnknown) {
  FlowNow slow{.flows = true, .lag_bytes = 100 * kGiB, .out_bytes_s = 1.0};
  EXPECT_FALSE(forecast(slow).drain_s) << "a rate that is noise";
  slow.out_bytes_s = 10'000;
  EXPECT_FALSE(forecast(slow).drain_s) << "124 days";
  slow.out_bytes_s = 1e9;
  EXPECT_TRUE(forecast(slow).drain_s);
}

TEST(Forecast, ABufferThatIsFullIsNotGoingToBe) {
  FlowNow filling{.flows = true,
                  .lag_bytes = 10'000'000,
                  .free_bytes = 1'000'000,
                  .in_bytes_s = 3 * kRate,
                  .out_bytes_s = kRate,
                  .ratio = 2.0};
  EXPECT_DOUBLE_EQ(*forecast(filling).full_s, 2.0) << "free bytes hold twice as many raw ones";
  filling.full = true;
  EXPECT_FALSE(forecast(filling).full_s);
}

TEST(Forecast, AnIdleLinkHasNone) {
  const Forecast told = forecast({.flows = true, .free_bytes = kGiB});
  EXPECT_FALSE(told.drain_s);
  EXPECT_FALSE(told.full_s);
}

}  // namespace
}  // namespace longthrow
