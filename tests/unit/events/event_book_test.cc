// SPDX-License-Identifier: Apache-2.0
#include "proxy/events/event_book.h"

#include <gtest/gtest.h>

#include "proxy/events/event_kinds.h"

namespace longthrow {
namespace {
using std::chrono::seconds;

class EventBookTest : public ::testing::Test {
 protected:
  // An event of a link of its own, so that no gate keeps it out.
  std::vector<Event> note(int second, const std::string& link = {}, const std::string& group = {},
                          EventCode code = EventCode::link_down) {
    Event event = make_event(code, "text");
    event.at = WallTime(seconds(second));
    if (code == EventCode::link_down || !link.empty())
      event.link = link.empty() ? "l" + std::to_string(second) : link;
    event.group = group;
    return book_.note(TimePoint(seconds(second)), std::move(event));
  }
  std::vector<std::uint64_t> numbers(const EventQuery& query) {
    std::vector<std::uint64_t> out;
    for (const Event& event : book_.report(query).events) out.push_back(event.number);
    return out;
  }
  using Numbers = std::vector<std::uint64_t>;

  EventBook book_;
};

TEST_F(EventBookTest, NumbersFromOneAndAnswersByPlaceTimeAndNumber) {
  note(1, "a");
  note(2, "a", "g");
  note(3, "b", "h");
  EXPECT_EQ(numbers({}), (Numbers{1, 2, 3}));
  EXPECT_EQ(numbers({.link = "a"}), (Numbers{1, 2}));
  EXPECT_EQ(numbers({.group = "h"}), (Numbers{3}));
  EXPECT_EQ(numbers({.since = WallTime(seconds(2))}), (Numbers{2, 3}));
  EXPECT_EQ(numbers({.after = 1}), (Numbers{2, 3}));
  EXPECT_EQ(numbers({.limit = 2}), (Numbers{2, 3}));
  EXPECT_EQ(numbers({.limit = 0}), (Numbers{}));
  EXPECT_EQ(book_.report({.limit = 0}).last, 3U);
  EXPECT_EQ(numbers({.link = "c"}), (Numbers{}));
}

TEST_F(EventBookTest, ForgetsTheOlderHalfAndSaysSo) {
  const int count = static_cast<int>(EventBook::kEventsMax) + 1;
  for (int i = 1; i <= count; ++i) {
    EXPECT_FALSE(book_.take_forgot());
    EXPECT_EQ(note(i).size(), 1U);
  }
  EXPECT_TRUE(book_.take_forgot());
  EXPECT_FALSE(book_.take_forgot());
  const EventReport report = book_.report({});
  EXPECT_EQ(report.events.size(), EventBook::kEventsMax / 2);
  EXPECT_EQ(report.events.size() + report.forgotten, static_cast<std::size_t>(count));
  EXPECT_EQ(report.events.back().number, static_cast<std::uint64_t>(count));
}

TEST_F(EventBookTest, GoesOnCountingAfterARestart) {
  note(1);
  note(2);
  EventBook next;
  next.restore(book_.all(), TimePoint(seconds(2)), WallTime(seconds(2)));
  book_ = next;
  EXPECT_EQ(note(3).front().number, 3U);
  EventBook empty;
  empty.restore({.since = WallTime(seconds(5)), .events = {}, .forgotten = 10}, {}, {});
  book_ = empty;
  EXPECT_EQ(note(6).front().number, 11U) << "numbers of forgotten events are not used again";
}

TEST_F(EventBookTest, AProcessThatStartsAgainAndAgainDoesNotFillTheHistory) {
  int second = 0;
  for (int start = 0; start < 200; ++start, second += 5) {
    EventBook next;
    // The monotonic clock begins anew, as after a reboot; the civil one jumps now and then.
    const int jump = start % 10 == 0 ? 3600 : 0;
    next.restore(book_.all(), TimePoint(seconds(second)), WallTime(seconds(second + jump)));
    book_ = next;
    note(second, "", "", EventCode::node_started);
    note(second, "dr", "", EventCode::link_up);
  }
  EXPECT_LT(book_.report({}).events.size(), 60U);
  EXPECT_GT(book_.report({}).events.size(), 10U);
}

TEST_F(EventBookTest, ALongOrStrangeTextBecomesOneShortLine) {
  Event event = make_event(EventCode::loss, "two\nlines" + std::string(1000, 'x'));
  const auto entered = book_.note(TimePoint{}, std::move(event));
  EXPECT_EQ(entered.front().text.find('\n'), std::string::npos);
  EXPECT_LE(entered.front().text.size(), EventBook::kTextBytesMax + 8);
}

TEST_F(EventBookTest, KnowsTheNewestOfACode) {
  EXPECT_FALSE(book_.newest(EventCode::loss).has_value());
  note(4, "a", "", EventCode::loss);
  note(2, "a", "", EventCode::loss);
  note(9, "a");
  EXPECT_EQ(book_.newest(EventCode::loss), WallTime(seconds(4)));
}

}  // namespace
}  // namespace longthrow
