// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/recorder.h"

#include "tests/unit/trace/trace_fixture.h"

namespace longthrow::trace {
namespace {

class TraceRecorder : public ::testing::Test {
 protected:
  TraceRecorder() {
    LinkStatus& link = status_.links["dr"];
    link.state = LinkState::up;
    link.buffer.limit_bytes = 1 << 30;
    link.lanes.push_back({.name = "bulk1", .local = "a", .remote = "b"});
    status_.groups["vm1"].link = "dr";
  }
  LinkStatus& link() { return status_.links["dr"]; }
  GroupStatus& group() { return status_.groups["vm1"]; }
  // A look after so much time.
  void look(std::chrono::milliseconds after = std::chrono::seconds(1)) {
    now_ += after;
    bytes_ += recorder_.look(status_, now_, wall_of(now_));
  }
  [[nodiscard]] WallTime wall_of(TimePoint at) const {
    return WallTime(std::chrono::seconds(kWall)) + clock_error_ + (at - began_);
  }
  TraceBook book() {
    bytes_ += recorder_.flush();
    return read_book({bytes_});
  }
  std::vector<Row> link_rows() { return book().links().at("dr").rows; }

  TimePoint began_{std::chrono::seconds(1000)};
  TimePoint now_ = began_;
  Duration clock_error_{0};
  Status status_;
  Recorder recorder_{kRun, began_};
  std::string bytes_;
};

TEST_F(TraceRecorder, TellsWhatPassedInEachSecond) {
  link().raw_in_bytes = 100;
  link().limited_by = Limit::wan;
  look();
  link().raw_in_bytes = 350;
  link().wire_out_bytes = 90;
  link().compression.raw_bytes = 240;
  link().compression.stored_bytes = 80;
  link().rtt_ms = 12.5;
  link().lag = {.bytes = 5000, .seconds = 1.25};
  link().buffer.used_bytes = 5000;
  link().lanes[0].tcp.sent_again_bytes = 7;
  look();
  const auto rows = link_rows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0][Column::raw_in], 100U);
  const Row& row = rows[1];
  EXPECT_EQ(row.tick, 1U);
  EXPECT_EQ(row.wall, kWall + 1);
  EXPECT_EQ(row[Column::raw_in], 250U);
  EXPECT_EQ(row[Column::wire_out], 90U);
  EXPECT_EQ(row[Column::framed_raw], 240U);
  EXPECT_EQ(row[Column::framed_stored], 80U);
  EXPECT_EQ(row[Column::rtt_us], 12'500U);
  EXPECT_EQ(row[Column::lag_bytes], 5000U);
  EXPECT_EQ(row[Column::lag_ms_max], 1250U);
  EXPECT_EQ(row[Column::wan_wire], 90U);
  EXPECT_EQ(row[Column::resent], 7U);
  EXPECT_EQ(row[Column::up_s], 1U);
  EXPECT_EQ(row[Column::memlimit], 1U << 30);
}

TEST_F(TraceRecorder, FramesThatWaitForAMomentAreNoFullWan) {
  link().limited_by = Limit::source;
  look();
  link().limited_by = Limit::wan;
  link().wire_out_bytes = 100;
  link().buffer.used_bytes = 1000;
  look();  // before it was not so
  link().wire_out_bytes = 200;
  link().buffer.used_bytes = 99;
  look();  // less is left than was sent
  link().wire_out_bytes = 300;
  link().buffer.used_bytes = 100;
  look();
  const auto rows = link_rows();
  EXPECT_EQ(rows[1][Column::wan_s], 0U);
  EXPECT_EQ(rows[2][Column::wan_s], 0U);
  EXPECT_EQ(rows[3][Column::wan_s], 1U);
  EXPECT_EQ(rows[3][Column::wan_wire], 100U);
}

TEST_F(TraceRecorder, ANewConnectionBeginsItsCountOfResentBytesAnew) {
  link().lanes[0].tcp.sent_again_bytes = 700;
  look();
  link().lanes[0].remote = "c";
  link().lanes[0].tcp.sent_again_bytes = 3;
  look();
  EXPECT_EQ(link_rows()[1][Column::resent], 3U);
}

TEST_F(TraceRecorder, AMinuteIsHandedOutWhenItHasEnded) {
  for (int i = 0; i < 60; ++i) look();
  EXPECT_EQ(bytes_, "");
  look();
  EXPECT_EQ(read_book({bytes_}).links().at("dr").rows.size(), 60U);
  EXPECT_EQ(link_rows().size(), 61U);
}

TEST_F(TraceRecorder, LooksThatComeLateOrEarlyTellTheTimeOnce) {
  look(std::chrono::milliseconds(1100));
  look(std::chrono::milliseconds(900));
  look(std::chrono::milliseconds(100));  // the same second
  link().raw_in_bytes = 40;
  look(std::chrono::milliseconds(3900));
  const auto rows = link_rows();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[2].tick, 2U);
  EXPECT_EQ(rows[2].span, 4U);
  EXPECT_EQ(rows[2][Column::up_s], 4U);
  EXPECT_EQ(rows[2][Column::raw_in], 40U);
  EXPECT_EQ(rows[2][Column::raw_in_max], 10U);
}

TEST_F(TraceRecorder, ATimeWithoutLooksIsNotKnownAndItsBytesAreNoBurst) {
  look();
  link().raw_in_bytes = 1'000'000;
  look(std::chrono::seconds(30));
  link().raw_in_bytes += 5;
  look();
  const auto rows = link_rows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].tick, 31U);
  EXPECT_EQ(rows[1][Column::raw_in], 5U);
  EXPECT_FALSE(follows(rows[0], rows[1]));
}

TEST_F(TraceRecorder, AStepOfTheCivilClockBeginsABlockAndChangesNoDuration) {
  look();
  look();
  for (const Duration step : {Duration(std::chrono::hours(-1)), Duration(std::chrono::hours(2))}) {
    clock_error_ = step;
    look();
  }
  const TraceBook all = book();
  const auto& rows = all.links().at("dr").rows;
  ASSERT_EQ(rows.size(), 4U);
  for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_TRUE(follows(rows[i - 1], rows[i]));
  EXPECT_EQ(rows[2].wall, kWall + 2 - 3600);
  EXPECT_EQ(rows[3].wall, kWall + 3 + 7200);
  EXPECT_EQ(all.links().at("dr").clock_steps, 2U);
}

TEST_F(TraceRecorder, TellsPausesHoldsAndAFullBuffer) {
  link().state = LinkState::down;
  link().notices.push_back({.what = NoticeKind::paused, .where = Side::peer});
  link().buffer.full = true;
  group().notices.push_back({.what = NoticeKind::held});
  look();
  const Row row = link_rows().at(0);
  EXPECT_EQ(row[Column::up_s], 0U);
  EXPECT_EQ(row[Column::paused_s], 1U);
  EXPECT_EQ(row[Column::full_s], 1U);
  EXPECT_EQ(row[Column::held_s], 1U);
}

TEST_F(TraceRecorder, AGroupTellsItsLagAndWhyItsCopyCannotBeTrusted) {
  look();
  group().consistent = Consistency::no;
  group().reason = "r0 lost 5 bytes";
  group().lag = {.bytes = 5, .seconds = 3};
  look();
  look();
  group().consistent = Consistency::yes;
  look();
  const TraceBook all = book();
  const Timeline& told = all.groups().at("vm1");
  EXPECT_EQ(told.link, "dr");
  ASSERT_EQ(told.rows.size(), 4U);
  EXPECT_EQ(told.rows[1][Column::not_consistent_s], 1U);
  EXPECT_EQ(told.rows[3][Column::not_consistent_s], 0U);
  EXPECT_EQ(told.rows[1][Column::lag_ms], 3000U);
  ASSERT_EQ(told.notes.size(), 2U);
  EXPECT_EQ(told.notes[0].row, 1U);
  EXPECT_EQ(told.notes[0].text, "r0 lost 5 bytes");
  EXPECT_EQ(told.notes[1].text, "");
}

TEST_F(TraceRecorder, WhatGoesAwayIsStillHandedOut) {
  look();
  status_.groups.clear();
  look();
  EXPECT_EQ(book().groups().at("vm1").rows.size(), 1U);
}

TEST_F(TraceRecorder, TooManyGroupsAreLeftOutAndCounted) {
  for (std::size_t i = 0; i < Recorder::kSubjectsMax; ++i) status_.groups["g" + std::to_string(i)];
  look();
  EXPECT_EQ(recorder_.left_out(), 2U);  // the link and vm1 are there, too
}

}  // namespace
}  // namespace longthrow::trace
