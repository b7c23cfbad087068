// SPDX-License-Identifier: Apache-2.0
#include "proxy/events/event_file.h"

#include <gtest/gtest.h>

#include "proxy/events/event_kinds.h"

namespace longthrow {
namespace {
using std::chrono::seconds;

Event sample(std::uint64_t number, EventCode code) {
  Event event = make_event(code, "why it happened: a reason");
  event.number = number;
  event.at = WallTime(seconds(1'769'860'867) + Duration(123));
  event.weight = EventWeight::critical;
  event.link = "dr";
  event.group = number % 2 == 0 ? "vm1" : "";
  event.left_out = number;
  return event;
}

EventBook::Kept all_codes() {
  EventBook::Kept kept{.since = WallTime(seconds(1'769'000'000)), .events = {}, .forgotten = 3};
  for (std::size_t i = 0; i < kEventCodes; ++i)
    kept.events.push_back(sample(i + 4, static_cast<EventCode>(i)));
  return kept;
}

void expect_equal(const Event& a, const Event& b) {
  EXPECT_EQ(a.number, b.number);
  EXPECT_EQ(a.at, b.at);
  EXPECT_EQ(a.code, b.code);
  EXPECT_EQ(a.weight, b.weight);
  EXPECT_EQ(a.link, b.link);
  EXPECT_EQ(a.group, b.group);
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.left_out, b.left_out);
}

TEST(EventFile, ReadsWhatItWrote) {
  const EventBook::Kept kept = all_codes();
  const EventFileContents read = parse_event_file(whole_event_file(kept));
  EXPECT_EQ(read.damaged_lines, 0U);
  EXPECT_EQ(read.kept.since, kept.since);
  EXPECT_EQ(read.kept.forgotten, kept.forgotten);
  ASSERT_EQ(read.kept.events.size(), kept.events.size());
  for (std::size_t i = 0; i < kept.events.size(); ++i)
    expect_equal(read.kept.events[i], kept.events[i]);
}

TEST(EventFile, CutAtAnyLengthGivesTheWholeLinesOnly) {
  EventBook::Kept kept = all_codes();
  kept.events.resize(3);
  const std::string text = whole_event_file(kept);
  for (std::size_t bytes = 0; bytes < text.size(); ++bytes) {
    const EventFileContents read = parse_event_file(text.substr(0, bytes));
    const std::string_view part(text.data(), bytes);
    const auto whole = static_cast<std::size_t>(std::ranges::count(part, '\n'));
    // A line that lacks its end alone can still be read.
    const bool only_the_end_lacks = bytes < text.size() && text[bytes] == '\n';
    const std::size_t lines = read.kept.events.size() + (whole > 0 || only_the_end_lacks ? 1 : 0);
    EXPECT_EQ(lines, whole + (only_the_end_lacks ? 1U : 0U)) << bytes;
    const bool torn = bytes > 0 && text[bytes - 1] != '\n' && !only_the_end_lacks;
    EXPECT_EQ(read.damaged_lines, torn ? 1U : 0U) << bytes;
  }
}

TEST(EventFile, ATurnedBitCostsItsLineAndIsCounted) {
  EventBook::Kept kept = all_codes();
  kept.events.resize(2);
  const std::string text = whole_event_file(kept);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    const EventFileContents read = parse_event_file(damaged);
    EXPECT_GT(read.damaged_lines, 0U) << i;
  }
}

TEST(EventFile, AForeignLineIsCountedAndTheOthersAreRead) {
  std::string line = event_line(sample(1, EventCode::loss));
  EXPECT_EQ(parse_event_file(line).kept.events.size(), 1U);
  const EventFileContents read = parse_event_file("no line of this file\n" + line);
  EXPECT_EQ(read.kept.events.size(), 1U);
  EXPECT_EQ(read.damaged_lines, 1U);
}

}  // namespace
}  // namespace longthrow
