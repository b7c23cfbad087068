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

TEST(RecentRatio, IsUnknownUntilSomethingWasCompressed) {
  RecentRatio ratio;
  EXPECT_FALSE(ratio.value());
  ratio.update(1s, 0, 0);
  EXPECT_FALSE(ratio.value());
  ratio.update(1s, 300, 100);
  EXPECT_DOUBLE_EQ(*ratio.value(), 3.0);
}

TEST(RecentRatio, FollowsWhatIsCompressedNow) {
  RecentRatio ratio;
  std::uint64_t raw = 0;
  std::uint64_t wire = 0;
  for (int i = 0; i < 1000; ++i) ratio.update(1s, raw += 1000, wire += 100);
  EXPECT_NEAR(*ratio.value(), 10.0, 0.01);
  for (int i = 0; i < 60; ++i) ratio.update(1s, raw += 1000, wire += 1000);
  EXPECT_NEAR(*ratio.value(), 1.0, 0.05);
  for (int i = 0; i < 1000; ++i) ratio.update(1s, raw, wire);
  EXPECT_NEAR(*ratio.value(), 1.0, 0.05) << "an idle time changes nothing";
}

TEST(LinkRates, TellsTheLastIntervalAndTheRate) {
  LinkRates rates;
  EXPECT_EQ(rates.last().raw_in_bytes, 0U);
  LinkRates::Flow flow;
  for (int i = 0; i < 100; ++i) {
    flow.raw_in_bytes += 1000;
    flow.frame_bytes_out += 300;
    flow.framed_raw_bytes += 900;
    flow.framed_stored_bytes += 300;
    rates.update(100ms, flow);
  }
  EXPECT_EQ(rates.last().raw_in_bytes, 1000U);
  EXPECT_EQ(rates.last().frame_bytes_out, 300U);
  EXPECT_NEAR(rates.in_bytes_s(), 10'000, 100);
  EXPECT_NEAR(rates.out_bytes_s(), 3'000, 30);
  EXPECT_NEAR(*rates.ratio(), 3.0, 0.001);
  rates.update(100ms, flow);
  EXPECT_EQ(rates.last().raw_in_bytes, 0U);
}

}  // namespace
}  // namespace longthrow
