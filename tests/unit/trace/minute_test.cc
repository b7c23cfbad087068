// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/minute.h"

#include "proxy/trace/lag_buckets.h"
#include "tests/unit/trace/trace_fixture.h"

namespace longthrow::trace {
namespace {

std::vector<Row> minutes_of(const std::string& seconds) {
  std::vector<Row> rows;
  for (const Block& block : read_all(downsample(seconds).blocks)) {
    EXPECT_EQ(block.grain, Grain::minute);
    rows.insert(rows.end(), block.rows.begin(), block.rows.end());
  }
  return rows;
}

TEST(TraceMinute, HasTheSumTheMeanAndTheLargestOfItsSeconds) {
  std::vector<Row> rows;
  for (std::uint64_t i = 0; i < 60; ++i) {
    rows.push_back(second_at(i, {{Column::raw_in, i == 30 ? 1000U : 10U},
                                 {Column::lag_ms, i < 15 ? 4000U : 0U},
                                 {Column::rtt_us, i < 30 ? 0U : 5000U},
                                 {Column::memlimit, i},
                                 {Column::up_s, i < 20 ? 0U : 1U}}));
  }
  const auto minutes = minutes_of(encode_block(link_block(rows)));
  ASSERT_EQ(minutes.size(), 1U);
  const Row& minute = minutes[0];
  EXPECT_EQ(minute.span, 60U);
  EXPECT_EQ(minute.wall, kWall);
  EXPECT_EQ(minute[Column::raw_in], 59U * 10 + 1000);
  EXPECT_EQ(minute[Column::raw_in_max], 1000U);
  EXPECT_NEAR(static_cast<double>(minute[Column::lag_ms]), 1000.0, 30.0);  // rounded as it grows
  EXPECT_EQ(minute[Column::lag_ms_max], 4000U);
  EXPECT_EQ(minute[Column::rtt_us], 5000U);  // of the seconds that know one
  EXPECT_EQ(minute[Column::memlimit], 59U);
  EXPECT_EQ(minute[Column::up_s], 40U);
  ASSERT_EQ(minute.lags.size(), 2U);
  EXPECT_EQ(minute.lags[0].seconds, 45U);
  EXPECT_EQ(minute.lags[1].bucket, lag_bucket(4000));
  EXPECT_EQ(minute.lags[1].seconds, 15U);
}

TEST(TraceMinute, GoesOnOverBlocksButNotOverGapsStepsAndRuns) {
  Row stepped = second_at(33);
  stepped.wall += 3600;
  Row other = second_at(40);
  other.run = kRun + 1;
  std::string bytes;
  for (const Row& row : {second_at(10), second_at(11), second_at(30), stepped, other})
    bytes += encode_block(link_block({row}));
  const auto minutes = minutes_of(bytes);
  ASSERT_EQ(minutes.size(), 4U);
  EXPECT_EQ(minutes[0].span, 2U);
  EXPECT_EQ(minutes[1].tick, 30U);
  EXPECT_EQ(minutes[2].wall, kWall + 33 + 3600);
  EXPECT_EQ(minutes[3].run, kRun + 1);
}

TEST(TraceMinute, KeepsNotesAndSubjectsApart) {
  const std::string bytes = encode_block(group_block({second_at(0), second_at(61)}, {{1, "why"}})) +
                            encode_block(link_block({second_at(0)}));
  const auto blocks = read_all(downsample(bytes).blocks);
  ASSERT_EQ(blocks.size(), 2U);
  const Block& group = blocks[0].kind == Kind::group ? blocks[0] : blocks[1];
  EXPECT_EQ(group.name, "vm1");
  EXPECT_EQ(group.link, "dr");
  ASSERT_EQ(group.notes.size(), 1U);
  EXPECT_EQ(group.notes[0].row, 1U);
  EXPECT_EQ(group.notes[0].text, "why");
}

TEST(TraceMinute, DamageIsCounted) {
  const std::string bytes = encode_block(link_block({second_at(0)}));
  EXPECT_EQ(downsample(bytes.substr(1) + bytes).damaged, 1U);
}

TEST(TraceMinute, OfABusyDayTakesAboutAThirtiethOfTheSeconds) {
  std::string seconds;
  std::uint64_t tick = 0;
  for (int minute = 0; minute < 120; ++minute) {
    std::vector<Row> rows;
    for (int i = 0; i < 60; ++i, ++tick) {
      const std::uint64_t noise = tick * 2654435761 % 5'000'000;
      rows.push_back(second_at(tick, {{Column::raw_in, noise},
                                      {Column::framed_raw, noise},
                                      {Column::framed_stored, noise / 3},
                                      {Column::wire_out, noise / 3 + 900},
                                      {Column::rtt_us, 40'000 + noise % 3000},
                                      {Column::lag_bytes, noise / 20},
                                      {Column::lag_ms, 40 + noise % 30}}));
    }
    seconds += encode_block(link_block(rows));
  }
  const std::size_t minutes = downsample(seconds).blocks.size();
  EXPECT_LT(seconds.size() / 7200, 30U);  // bytes a second
  EXPECT_LT(minutes / 120, 70U);          // bytes a minute
  RecordProperty("bytes_a_second", static_cast<int>(seconds.size() / 7200));
  RecordProperty("bytes_a_minute", static_cast<int>(minutes / 120));
}

}  // namespace
}  // namespace longthrow::trace
