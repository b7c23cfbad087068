// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/timeline.h"

#include "proxy/trace/minute.h"
#include "tests/unit/trace/trace_fixture.h"

namespace longthrow::trace {
namespace {

std::string seconds_from(std::uint64_t tick, std::uint64_t count, std::uint64_t run = kRun) {
  std::vector<Row> rows;
  for (std::uint64_t i = 0; i < count; ++i) {
    rows.push_back(second_at(tick + i, {{Column::raw_in, 1}}));
    rows.back().run = run;
  }
  return encode_block(link_block(rows));
}

TEST(TraceTimeline, MinutesAndTheSecondsBehindThemAreOneTime) {
  const TraceBook book = read_book(
      {downsample(seconds_from(0, 60) + seconds_from(60, 60)).blocks, seconds_from(120, 30)});
  const Timeline& link = book.links().at("dr");
  EXPECT_EQ(link.rows.size(), 32U);
  EXPECT_EQ(link.seconds(), 150U);
  for (std::size_t i = 1; i < link.rows.size(); ++i)
    EXPECT_TRUE(follows(link.rows[i - 1], link.rows[i])) << i;
}

// A crash between the writing of minutes and the removal of their seconds leaves both.
TEST(TraceTimeline, WhatIsThereTwiceCountsOnce) {
  const std::string seconds = seconds_from(0, 60) + seconds_from(60, 40);
  const std::string minutes = downsample(seconds).blocks;
  for (const auto& files : {std::vector<std::string>{minutes, seconds},
                            {minutes, minutes},
                            {seconds, minutes},
                            {minutes, minutes, seconds, seconds}}) {
    const TraceBook book = read_book(files);
    std::uint64_t bytes = 0;
    for (const Row& row : book.links().at("dr").rows) bytes += row[Column::raw_in];
    EXPECT_EQ(book.links().at("dr").seconds(), 100U);
    EXPECT_EQ(bytes, 100U);
  }
}

TEST(TraceTimeline, RunsStayInTheOrderInWhichTheyWere) {
  const TraceBook book = read_book({seconds_from(500, 3, 9) + seconds_from(0, 3, 4)});
  const auto& rows = book.links().at("dr").rows;
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[0].run, 9U);
  EXPECT_EQ(rows[3].run, 4U);
  EXPECT_FALSE(follows(rows[2], rows[3]));
}

TEST(TraceTimeline, NotesStayWithTheirRows) {
  const std::string bytes =
      encode_block(group_block({second_at(10), second_at(11)}, {{0, "late"}})) +
      encode_block(group_block({second_at(4), second_at(5)}, {{1, "early"}}));
  const TraceBook book = read_book({bytes});
  const Timeline& group = book.groups().at("vm1");
  ASSERT_EQ(group.notes.size(), 2U);
  EXPECT_EQ(group.notes[0].text, "early");
  EXPECT_EQ(group.rows[group.notes[0].row].tick, 5U);
  EXPECT_EQ(group.rows[group.notes[1].row].tick, 10U);
}

TEST(TraceTimeline, OnlyWhatIsWantedIsKeptAndAllNamesAreKnown) {
  TraceBook book([](const Block& block) { return block.kind == Kind::group; });
  book.add(encode_block(link_block({second_at(0)})) + encode_block(group_block({second_at(0)})));
  book.finish();
  EXPECT_TRUE(book.links().empty());
  EXPECT_EQ(book.groups().size(), 1U);
  EXPECT_EQ(book.link_names(), std::set<std::string>{"dr"});
}

TEST(TraceTimeline, NoColumnOfSecondsIsLongerThanItsRow) {
  const TraceBook book =
      read_book({encode_block(link_block({second_at(0, {{Column::up_s, 999}})}))});
  EXPECT_EQ(book.links().at("dr").rows[0][Column::up_s], 1U);
}

}  // namespace
}  // namespace longthrow::trace
