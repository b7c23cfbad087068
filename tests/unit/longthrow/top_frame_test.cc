// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/control/fake_node.h"
#include "tools/longthrow/top/frame.h"

namespace longthrow::cli {
namespace {

// `looks` at the sample node, one a second, with a lag that grows by 1 MiB each time.
History history_of(int looks, const Status& first = test::sample_status()) {
  History history;
  Status status = first;
  for (int i = 0; i < looks; ++i) {
    history.add(status);
    status.uptime_s += 1;
    status.links["dr"].lag.bytes += kMiB;
    status.links["dr"].raw_in_bytes += 2 * kMiB;
    status.links["dr"].wire_out_bytes += kMiB;
  }
  return history;
}

std::string text_of(const Frame& frame) { return text_of(frame.lines, Painter(false)); }
std::vector<std::string> lines_of(const Frame& frame) {
  std::vector<std::string> out;
  for (const Line& line : frame.lines) out.push_back(text_of({line}, Painter(false)));
  return out;
}

::testing::AssertionResult shows(const Frame& frame, const std::string& part) {
  if (text_of(frame).find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no \"" << part << "\" in:\n" << text_of(frame);
}

Status many_groups() {
  Status status = test::sample_status();
  for (int i = 10; i < 40; ++i) status.groups["g" + std::to_string(i)].link = "dr";
  return status;
}

TEST(TopFrame, OnPaperShowsNodeLinksGroupsAndWhy) {
  const Frame frame = draw(history_of(5), {.width = 160});
  EXPECT_TRUE(shows(frame, "alpha  longthrowd 1.2.3, up 1 d 1 h, epoll\nSTOPPED ON PURPOSE: "));
  EXPECT_TRUE(shows(frame, "LINK  STATE"));
  EXPECT_TRUE(shows(frame, "13.0 MiB"));
  EXPECT_TRUE(shows(frame, "2.0 MiB/s  1.0 MiB/s"));
  EXPECT_TRUE(shows(frame, "WAN full"));
  EXPECT_TRUE(shows(frame, "\n  the lag grows by 1.0 MiB/s: the WAN is full and carries no more"));
  EXPECT_TRUE(shows(frame, "GROUP  LINK  COPY"));
  EXPECT_FALSE(shows(frame, "q quit"));
}

TEST(TopFrame, TheLagSoFarIsARowOfColumns) {
  EXPECT_TRUE(shows(draw(history_of(5), {.width = 160}), "▆▆▇▇█"));
  EXPECT_TRUE(shows(draw(history_of(5), {.width = 160, .glyphs = Glyphs::ascii}), "++**#"));
}

TEST(TopFrame, AFullBufferAndTheTimesAreShown) {
  Status status = test::sample_status();
  status.links["dr"].full_eta_s = 75.0;
  status.links["dr"].drain_eta_s = 20.0;
  EXPECT_TRUE(shows(draw(history_of(1, status), {.width = 160}), "1 min 15 s"));
  EXPECT_TRUE(shows(draw(history_of(1, status), {.width = 160}), "20.0 s"));
  status.links["dr"].buffer.full = true;
  EXPECT_TRUE(shows(draw(history_of(1, status), {.width = 160}), "FULL"));
}

TEST(TopFrame, NothingStandsInTheWayNeedsNoSentence) {
  Status status = test::sample_status();
  status.links["dr"].lag.seconds = 0.1;
  status.links["dr"].rate.in_bytes_s = 5000;
  const Frame frame = draw(history_of(1, status), {.width = 160});
  EXPECT_TRUE(shows(frame, "nothing"));
  EXPECT_FALSE(shows(frame, "stands in the way"));
}

TEST(TopFrame, NoLineIsWiderThanTheTerminal) {
  for (const std::size_t width : {50U, 64U, 80U, 100U, 200U}) {
    const Frame frame = draw(history_of(9), {.width = width, .height = 24});
    EXPECT_EQ(frame.lines.size(), 24U);
    for (const Line& line : frame.lines) EXPECT_LE(width_of(line), width);
    EXPECT_TRUE(shows(frame, "17.0 MiB")) << width;
    EXPECT_TRUE(shows(frame, "WAN full")) << "the last column goes last, at " << width;
  }
}

TEST(TopFrame, ASmallTerminalSaysWhatItNeeds) {
  const Frame narrow = draw(history_of(1), {.width = 49, .height = 24});
  EXPECT_TRUE(shows(narrow, "needs 50x8, has 49x24; q ends"));
  const Frame low = draw(history_of(1), {.width = 100, .height = 7});
  EXPECT_TRUE(shows(low, "needs 50x8, has 100x7"));
  const Frame tiny = draw(history_of(1), {.width = 6, .height = 2});
  EXPECT_EQ(tiny.lines.size(), 2U);
  for (const Line& line : tiny.lines) EXPECT_LE(width_of(line), 6U);
}

TEST(TopFrame, WhatDoesNotFitIsScrolledBelowAHeadThatStays) {
  const History history = history_of(2, many_groups());
  const Frame top = draw(history, {.width = 100, .height = 20});
  EXPECT_TRUE(shows(top, "q quit   j k scroll   lines 1 to 16 of 3"));
  EXPECT_TRUE(shows(top, "\ng10 "));
  EXPECT_FALSE(shows(top, "\ng39 "));
  const Frame bottom = draw(history, {.width = 100, .height = 20, .scroll = 1000});
  EXPECT_TRUE(shows(bottom, "\nvm1 "));
  EXPECT_FALSE(shows(bottom, "\ng10 "));
  EXPECT_EQ(lines_of(bottom)[0], lines_of(top)[0]);
  EXPECT_LT(bottom.scroll, 1000U) << "the last page";
  const Frame one_up = draw(history, {.width = 100, .height = 20, .scroll = bottom.scroll - 1});
  EXPECT_EQ(lines_of(one_up)[5], lines_of(bottom)[4]);
}

TEST(TopFrame, WhatFitsIsNotScrolled) {
  const Frame frame = draw(history_of(2), {.width = 100, .height = 40, .scroll = 5});
  EXPECT_EQ(frame.scroll, 0U);
  EXPECT_FALSE(shows(frame, "lines 1"));
  EXPECT_TRUE(shows(frame, "q quit"));
}

TEST(TopFrame, ADaemonThatDoesNotAnswerIsSaid) {
  const Frame frame = draw(history_of(2), {.width = 100, .height = 20, .trouble = "it is gone"});
  EXPECT_TRUE(shows(frame, "NO ANSWER, as it was last seen: it is gone"));
  EXPECT_TRUE(shows(frame, "WAN full"));
}

TEST(TopFrame, ANodeWithoutLinksSaysSo) {
  EXPECT_TRUE(shows(draw(history_of(1, Status{.node = "new"}), {}), "no links are configured"));
}

TEST(TopHistory, KeepsTheNewestLagOfWhatIsThere) {
  History history = history_of(200);
  EXPECT_EQ(history.link_lag("dr").size(), History::kLooksMax);
  EXPECT_DOUBLE_EQ(history.link_lag("dr").back(), 208.0 * kMiB);
  EXPECT_TRUE(history.group_lag("nobody").empty());
  history.add(Status{});
  EXPECT_TRUE(history.link_lag("dr").empty());
  ASSERT_NE(history.before(), nullptr);
  EXPECT_EQ(history.before()->node, "alpha");
}

}  // namespace
}  // namespace longthrow::cli
