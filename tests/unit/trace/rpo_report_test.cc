// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/rpo_report.h"

#include "proxy/trace/minute.h"
#include "tests/unit/trace/trace_fixture.h"

namespace longthrow::trace {
namespace {

constexpr Period kHour{kWall, kWall + 3600};

// Seconds with a lag of as many milliseconds as their number.
std::vector<Row> rising(std::uint64_t from, std::uint64_t to) {
  std::vector<Row> rows;
  for (std::uint64_t i = from; i < to; ++i)
    rows.push_back(second_at(i, {{Column::lag_ms, i}, {Column::raw_in, 10}}));
  return rows;
}

RpoReport report_of(const Timeline& link, const Period& period = kHour) {
  return make_report(link, link, {}, period);
}

std::vector<Row> as_minutes(const std::vector<Row>& seconds) {
  std::vector<Row> minutes;
  for (const Row& row : seconds) {
    if (!minutes.empty() && can_add(minutes.back(), row)) {
      add_to_minute(minutes.back(), row);
    } else {
      minutes.push_back(begin_minute(row));
    }
  }
  return minutes;
}

TEST(RpoReport, PercentilesAreThoseOfTheSeconds) {
  const RpoReport report = report_of(link_timeline(rising(1, 1001)));
  EXPECT_DOUBLE_EQ(report.lag_s.p50, 0.5);
  EXPECT_DOUBLE_EQ(report.lag_s.p95, 0.95);
  EXPECT_DOUBLE_EQ(report.lag_s.p99, 0.99);
  EXPECT_DOUBLE_EQ(report.lag_s.most, 1.0);
  EXPECT_EQ(report.known_s, 1000U);
  EXPECT_EQ(report.unknown_s, 2600U);
  EXPECT_EQ(report.raw_bytes, 10'000U);
}

TEST(RpoReport, OfMinutesPercentilesAreAtMostSixPercentTooLarge) {
  const RpoReport report = report_of(link_timeline(as_minutes(rising(1, 1001))));
  EXPECT_GE(report.lag_s.p50, 0.5);
  EXPECT_LE(report.lag_s.p50, 0.532);
  EXPECT_GE(report.lag_s.p99, 0.99);
  EXPECT_LE(report.lag_s.p99, 1.0);
  EXPECT_DOUBLE_EQ(report.lag_s.most, 1.0);
}

TEST(RpoReport, TheWorstMinuteIsNamed) {
  auto rows = rising(0, 600);
  rows[130][Column::lag_ms_max] = rows[130][Column::lag_ms] = 90'000;
  const auto worst = report_of(link_timeline(rows)).worst_minute;
  EXPECT_EQ(worst.wall, kWall + 120);
  EXPECT_DOUBLE_EQ(worst.most_s, 90.0);
  EXPECT_GT(worst.mean_s, 1.5);
  EXPECT_LT(worst.mean_s, 1.8);
}

TEST(RpoReport, OutagesAreCountedAndPausesAreNone) {
  auto rows = rising(0, 1200);
  for (std::size_t i = 100; i < 110; ++i) rows[i][Column::up_s] = 0;
  for (std::size_t i = 500; i < 530; ++i) rows[i][Column::up_s] = 0;
  for (std::size_t i = 700; i < 760; ++i) {
    rows[i][Column::up_s] = 0;
    rows[i][Column::paused_s] = 1;
  }
  const RpoReport report = report_of(link_timeline(rows));
  EXPECT_EQ(report.outages.count, 2U);
  EXPECT_EQ(report.outages.seconds, 40U);
  EXPECT_EQ(report.outages.longest_s, 30U);
  ASSERT_EQ(report.outages.longest.size(), 2U);
  EXPECT_EQ(report.outages.longest[0].from_wall, kWall + 500);
  EXPECT_EQ(report.paused.seconds, 60U);
}

TEST(RpoReport, InMinutesALongOutageIsOneAndShortOnesStayApart) {
  auto rows = rising(0, 1200);
  for (std::size_t i = 90; i < 400; ++i) rows[i][Column::up_s] = 0;
  for (std::size_t i = 605; i < 1100; i += 60) rows[i][Column::up_s] = 0;
  const RpoReport report = report_of(link_timeline(as_minutes(rows)));
  EXPECT_EQ(report.outages.count, 1U + 9U);
  EXPECT_EQ(report.outages.longest_s, 310U);
  EXPECT_EQ(report.outages.seconds, 319U);
}

TEST(RpoReport, AGapEndsAnOutageAndIsNotPartOfIt) {
  auto rows = rising(0, 600);
  for (std::size_t i = 100; i < 300; ++i) rows[i][Column::up_s] = 0;
  rows.erase(rows.begin() + 150, rows.begin() + 250);
  const RpoReport report = report_of(link_timeline(rows));
  EXPECT_EQ(report.outages.count, 2U);
  EXPECT_EQ(report.outages.seconds, 100U);
  EXPECT_EQ(report.unknown_s, 3600U - 500);
}

TEST(RpoReport, SaysWhyAndHowLongACopyCouldNotBeTrusted) {
  std::vector<Row> rows;
  for (std::uint64_t i = 0; i < 100; ++i) {
    rows.push_back(second_at(i, {{Column::not_consistent_s, i >= 20 && i < 35 ? 1U : 0U},
                                 {Column::copy_unknown_s, i < 3 ? 1U : 0U}}));
  }
  Timeline group{.kind = Kind::group,
                 .name = "vm1",
                 .link = "dr",
                 .rows = rows,
                 .notes = {{0, "no connection has come"}, {3, ""}, {20, "lost 5 bytes"}, {35, ""}}};
  const Timeline link = link_timeline(rising(0, 100));
  const RpoReport report = make_report(group, link, {&group}, kHour);
  ASSERT_EQ(report.groups.size(), 1U);
  const GroupTrust& trust = report.groups[0];
  EXPECT_EQ(trust.not_consistent.seconds, 15U);
  ASSERT_EQ(trust.not_consistent.longest.size(), 1U);
  EXPECT_EQ(trust.not_consistent.longest[0].reason, "lost 5 bytes");
  EXPECT_EQ(trust.not_consistent.longest[0].from_wall, kWall + 20);
  EXPECT_EQ(trust.unknown.longest[0].reason, "no connection has come");
}

TEST(RpoReport, OnlyThePeriodCounts) {
  const RpoReport report = report_of(link_timeline(rising(0, 3600)), {kWall + 100, kWall + 200});
  EXPECT_EQ(report.known_s, 100U);
  EXPECT_EQ(report.unknown_s, 0U);
  EXPECT_DOUBLE_EQ(report.lag_s.most, 0.199);
}

TEST(RpoReport, AClockThatStepsBackCoversASecondOnce) {
  auto rows = rising(0, 200);
  for (std::size_t i = 100; i < 200; ++i) rows[i].wall -= 100;
  const RpoReport report = report_of(link_timeline(rows));
  EXPECT_EQ(report.known_s, 100U);
  EXPECT_EQ(report.unknown_s, 3500U);
}

TEST(RpoReport, TheChartShowsThePeaksAndTheGaps) {
  auto rows = rising(0, 3600);
  rows[1800][Column::lag_ms_max] = 50'000;
  rows.erase(rows.begin() + 3000, rows.end());
  const RpoReport report = report_of(link_timeline(rows));
  ASSERT_EQ(report.chart.size(), RpoReport::kChartPoints);
  EXPECT_DOUBLE_EQ(report.chart[360].lag_s, 50.0);
  EXPECT_EQ(report.chart[599].known, ChartPoint::Known::yes);
  EXPECT_EQ(report.chart[601].known, ChartPoint::Known::no);
}

TEST(RpoReport, OfNothingSaysThatNothingIsKnown) {
  const RpoReport report = report_of(link_timeline({}));
  EXPECT_EQ(report.known_s, 0U);
  EXPECT_EQ(report.unknown_s, 3600U);
}

TEST(RpoReport, MonthsAreThoseOfUtc) {
  const auto month = month_of("2027-01");
  ASSERT_TRUE(month);
  EXPECT_EQ(month->since, 1'798'761'600);
  EXPECT_EQ(month->until - month->since, 31 * 86400);
  EXPECT_EQ(month_at(kWall).since, month->since);
  EXPECT_EQ(month_of("2026-12")->until, month->since);
  for (const char* text : {"2027-13", "2027-00", "2027-1", "27-01", "2027/01", "abcd-01", ""})
    EXPECT_FALSE(month_of(text)) << text;
}

}  // namespace
}  // namespace longthrow::trace
