// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/plan.h"

#include "tests/unit/trace/trace_fixture.h"

namespace longthrow::trace {
namespace {

constexpr std::uint64_t kMi = 1024 * 1024;

// 6 MiB a second come, half of that after compression; the link carries 4 MiB a second.
std::vector<Row> steady(std::uint64_t seconds) {
  std::vector<Row> rows;
  for (std::uint64_t i = 0; i < seconds; ++i) {
    rows.push_back(second_at(i, {{Column::raw_in, 6 * kMi},
                                 {Column::framed_raw, 6 * kMi},
                                 {Column::framed_stored, 3 * kMi},
                                 {Column::wire_out, 3 * kMi},
                                 {Column::bandwidth, 4 * kMi},
                                 {Column::memlimit, 400 * kMi},
                                 {Column::send_limit, 300 * kMi}}));
  }
  return rows;
}

TEST(TracePlan, ASteadyLinkNeedsNothingAndAnOutageWhatComesMeanwhile) {
  const auto plan = make_plan(link_timeline(steady(600)), {.outage_s = 60});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->rate.source, RateSource::bandwidth);
  EXPECT_DOUBLE_EQ(plan->rate.bytes_s, 4.0 * kMi);
  EXPECT_DOUBLE_EQ(plan->share_bytes, 300.0 * kMi);
  EXPECT_DOUBLE_EQ(plan->replay.need_bytes.value, 0.0);
  EXPECT_EQ(plan->replay.slowed_s, 0.0);
  ASSERT_TRUE(plan->outage);
  EXPECT_NEAR(plan->outage->need_bytes, 180.0 * kMi, 1.0);  // 60 s of 3 MiB
  ASSERT_TRUE(plan->outage->drain_s);
  EXPECT_NEAR(*plan->outage->drain_s, 180.0, 1.5);  // 1 MiB a second is to spare
  EXPECT_NEAR(plan->outage->lag_s, 60.0, 1.5);
  EXPECT_EQ(plan->outage->slowed_s, 0.0);
  EXPECT_DOUBLE_EQ(memlimit_for(plan->outage->need_bytes), 240.0 * kMi);
}

TEST(TracePlan, WithASmallerMemlimitTheOutageSlowsTheSource) {
  const auto plan =
      make_plan(link_timeline(steady(600)), {.memlimit_bytes = 120 * kMi, .outage_s = 60});
  ASSERT_TRUE(plan);
  EXPECT_DOUBLE_EQ(plan->share_bytes, 90.0 * kMi);
  // Full after 30 s; from the end 90 MiB too many drain by 1 MiB a second.
  EXPECT_NEAR(plan->outage->slowed_s, 30 + 90, 1.0);
}

TEST(TracePlan, AnotherBandwidthIsReckonedWith) {
  const auto plan = make_plan(link_timeline(steady(600)), {.bandwidth_bytes_s = 2 * kMi});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->rate.source, RateSource::given);
  EXPECT_NEAR(plan->replay.need_bytes.value, 600.0 * kMi, 1.0);
  EXPECT_NEAR(plan->replay.slowed_s, 300.0, 0.01);  // 300 MiB are full after 300 s
  EXPECT_NEAR(plan->need_9995_bytes, 600.0 * kMi, 2.0 * kMi);
}

TEST(TracePlan, WhereTheWanCarriedLessThanItsSettingThatCounts) {
  auto rows = steady(600);
  for (std::size_t i = 100; i < 140; ++i) {
    rows[i][Column::wan_s] = 1;
    rows[i][Column::wan_wire] = i % 2 == 0 ? kMi : 2 * kMi;
  }
  const auto plan = make_plan(link_timeline(rows), {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->rate.source, RateSource::measured);
  EXPECT_DOUBLE_EQ(plan->rate.bytes_s, 1.0 * kMi);
}

TEST(TracePlan, WithoutASettingTheMostThatWasSeenIsTheLeastThatItCarries) {
  auto rows = steady(120);
  for (Row& row : rows) row[Column::bandwidth] = 0;
  for (std::size_t i = 40; i < 55; ++i) rows[i][Column::wire_out] = 9 * kMi;
  rows[90][Column::wire_out] = 30 * kMi;  // for a second only: sockets take that
  const auto plan = make_plan(link_timeline(rows), {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->rate.source, RateSource::highest_seen);
  EXPECT_DOUBLE_EQ(plan->rate.bytes_s, 9.0 * kMi);
}

TEST(TracePlan, TimeInWhichTheLinkWasDownIsReplayedAndPartsOfItAreNotInvented) {
  auto rows = steady(600);
  for (std::size_t i = 200; i < 230; ++i) rows[i][Column::up_s] = 0;
  rows.erase(rows.begin() + 400, rows.begin() + 500);
  const auto plan = make_plan(link_timeline(rows), {.outage_s = 401});
  ASSERT_TRUE(plan);
  EXPECT_NEAR(plan->replay.need_bytes.value, 90.0 * kMi, 1.0);
  EXPECT_EQ(plan->trace.seconds, 500U);
  EXPECT_EQ(plan->trace.stretches, 2U);
  EXPECT_EQ(plan->trace.longest_stretch_s, 400U);
  EXPECT_FALSE(plan->outage);  // no stretch is so long
}

// Heartbeats miss for dead_after until a link is called down.
TEST(TracePlan, ACutBeginsWhenNothingGetsThroughAnyMore) {
  auto rows = steady(600);
  for (std::size_t i = 0; i < 600; ++i) rows[i][Column::lag_ms] = 40 + i % 3;
  for (std::size_t i = 190; i < 230; ++i) rows[i][Column::lag_ms] = (i - 189) * 1000;
  for (std::size_t i = 200; i < 230; ++i) rows[i][Column::up_s] = 0;
  EXPECT_NEAR(make_plan(link_timeline(rows), {})->replay.need_bytes.value, 120.0 * kMi, 1.0);
}

TEST(TracePlan, SecondsInWhichTheSourceWasSlowedAreTold) {
  auto rows = steady(120);
  for (std::size_t i = 0; i < 7; ++i) rows[i][Column::full_s] = 1;
  EXPECT_EQ(make_plan(link_timeline(rows), {})->trace.throttled_s, 7U);
}

TEST(TracePlan, WhatIsFramedInACutAndSentBehindItIsNoOverhead) {
  auto rows = steady(120);
  for (std::size_t i = 40; i < 50; ++i) rows[i][Column::wire_out] = rows[i][Column::up_s] = 0;
  for (std::size_t i = 50; i < 60; ++i) rows[i][Column::wire_out] = 6 * kMi;
  EXPECT_DOUBLE_EQ(make_plan(link_timeline(rows), {})->rate.overhead, 1.0);
}

TEST(TracePlan, TheWireCarriesMoreThanTheBufferHolds) {
  auto rows = steady(120);
  for (Row& row : rows) row[Column::wire_out] = row[Column::framed_stored] / 10 * 11;
  EXPECT_NEAR(make_plan(link_timeline(rows), {})->rate.overhead, 1.1, 0.001);
}

TEST(TracePlan, ATraceThatIsTooShortSaysHowLongItIs) {
  const auto plan = make_plan(link_timeline(steady(29)), {});
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().message.find("29.0 s are known"), std::string::npos)
      << plan.error().message;
  EXPECT_FALSE(make_plan(link_timeline({}), {}));
}

TEST(TracePlan, WithoutAnyRateItAsksForOne) {
  std::vector<Row> rows;
  for (std::uint64_t i = 0; i < 100; ++i) rows.push_back(second_at(i));
  const auto plan = make_plan(link_timeline(rows), {});
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().message.find("--bandwidth"), std::string::npos);
}

}  // namespace
}  // namespace longthrow::trace
