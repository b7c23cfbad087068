// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "proxy/session/marks_log.h"
#include "proxy/session/read_history.h"

namespace longthrow {
namespace {

TEST(ReadHistory, AnOffsetIsAsNewAsTheLastTimeWhenNoMoreWasThere) {
  ReadHistory history(100);
  EXPECT_EQ(history.complete_at(0), 100);
  history.note(200, 1000);
  history.note(300, 2000);
  EXPECT_EQ(history.complete_at(0), 100);
  EXPECT_EQ(history.complete_at(999), 100);
  EXPECT_EQ(history.complete_at(1000), 200);
  EXPECT_EQ(history.complete_at(2500), 300);
}

TEST(ReadHistory, BytesThatWaitAreSeenWhenTheyCame) {
  ReadHistory history(0);
  history.note(100, 50);
  history.note(200, 50);
  history.note(300, 80);
  EXPECT_EQ(history.seen_at(10), 100);
  EXPECT_EQ(history.seen_at(50), 300);
  EXPECT_EQ(history.seen_at(80), std::nullopt);
  for (int i = 0; i < 1000; ++i) history.note(400 + i, 100 + i);
  EXPECT_LE(history.seen_at(600).value(), 901) << "leaving samples out makes it younger";
}

TEST(ReadHistory, ASilentSourceIsAsNewAsNow) {
  ReadHistory history(100);
  history.note(200, 10);
  history.note(300, 10);
  history.note(400, 10);
  EXPECT_EQ(history.complete_at(10), 400);
  history.forget_below(10);
  EXPECT_EQ(history.complete_at(10), 400);
  EXPECT_EQ(history.size(), 1U);
}

TEST(ReadHistory, IsBoundedAndNeverTooNew) {
  ReadHistory history(0);
  for (int i = 1; i <= 10'000; ++i) {
    history.note(i, static_cast<std::uint64_t>(i));
    ASSERT_LE(history.size(), ReadHistory::kSamplesMax);
  }
  std::int64_t last = 0;
  for (std::uint64_t offset = 0; offset <= 10'000; offset += 100) {
    const std::int64_t complete = history.complete_at(offset);
    EXPECT_LE(complete, static_cast<std::int64_t>(offset));
    EXPECT_GE(complete, last);
    last = complete;
  }
  EXPECT_EQ(last, 10'000);
}

wire::Marks mark(std::uint64_t bulk_next, std::uint64_t express_next, std::int64_t wall_ns) {
  return {.bulk_next = bulk_next, .express_next = express_next, .groups = {{1, wall_ns}}};
}

TEST(MarksLog, AMarkWaitsForAllItsFramesInBothSpaces) {
  MarksLog log;
  EXPECT_FALSE(log.known());
  log.add(mark(5, 2, 10));
  log.add(mark(7, 2, 20));
  EXPECT_TRUE(log.known());
  std::int64_t seen = 0;
  const auto take = [&](const wire::GroupMark& each) { seen = each.wall_ns; };
  log.take_due(5, 1, take);
  EXPECT_EQ(seen, 0);
  log.take_due(4, 9, take);
  EXPECT_EQ(seen, 0);
  log.take_due(6, 2, take);
  EXPECT_EQ(seen, 10);
  log.take_due(7, 2, take);
  EXPECT_EQ(seen, 20);
}

TEST(MarksLog, WhenFullTheOldestAndTheNewestStay) {
  MarksLog log;
  for (int i = 1; i <= 1000; ++i) log.add(mark(static_cast<std::uint64_t>(i), 0, i));
  std::vector<std::int64_t> seen;
  log.take_due(2000, 0, [&](const wire::GroupMark& each) { seen.push_back(each.wall_ns); });
  ASSERT_EQ(seen.size(), MarksLog::kMarksMax);
  EXPECT_EQ(seen.front(), 1);
  EXPECT_EQ(seen.back(), 1000);
}

}  // namespace
}  // namespace longthrow
