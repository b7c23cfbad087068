// SPDX-License-Identifier: Apache-2.0
// The pieces of which `top` makes its lines.
#include <gmock/gmock.h>

#include "tools/longthrow/top/grid.h"
#include "tools/longthrow/top/line.h"
#include "tools/longthrow/top/sparkline.h"

namespace longthrow::cli {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> plain(const std::vector<Line>& lines) {
  std::vector<std::string> out;
  for (const Line& line : lines) {
    std::string& text = out.emplace_back();
    for (const Span& span : line) text += span.text;
    while (text.ends_with(' ')) text.pop_back();
  }
  return out;
}

TEST(TopLine, WidthIsInCharacters) {
  EXPECT_EQ(width_of("grün"), 4U);
  EXPECT_EQ(width_of("▁█"), 2U);
  EXPECT_EQ(width_of(Line{{"ab"}, {"▁", Paint::dim}}), 3U);
}

TEST(TopLine, ClippingCutsNoCharacterInTwo) {
  EXPECT_EQ(clipped("grün", 3), "grü");
  EXPECT_EQ(clipped("grün", 9), "grün");
  EXPECT_EQ(clipped("grün", 0), "");
  EXPECT_EQ(clipped(Line{{"ab"}, {"cd"}, {"ef"}}, 3).size(), 2U);
}

TEST(TopLine, TextIsWrappedAtSpaces) {
  EXPECT_THAT(wrapped("the lag grows by much", 10), ElementsAre("the lag", "grows by", "much"));
  EXPECT_THAT(wrapped("exactly ten", 7), ElementsAre("exactly", "ten"));
  EXPECT_THAT(wrapped("unbreakable", 4), ElementsAre("unbr", "eaka", "ble"));
  EXPECT_THAT(wrapped("", 4), ElementsAre());
  EXPECT_THAT(wrapped("ab", 0), ElementsAre("a", "b"));
}

TEST(TopLine, ColoursAreLeftOutOnPaper) {
  const std::vector<Line> lines{{{"ab", Paint::bad}, {"  "}}};
  EXPECT_EQ(text_of(lines, Painter(false)), "ab\n");
  EXPECT_EQ(text_of(lines, Painter(true)), "\033[1;31mab\033[0m\n");
}

TEST(Sparkline, EachValueIsAPartOfTheLargest) {
  EXPECT_EQ(sparkline({0, 1, 50, 100}, 10, Glyphs::unicode), "▁▂▅█");
  EXPECT_EQ(sparkline({0, 1, 50, 100}, 10, Glyphs::ascii), "_.=#");
}

TEST(Sparkline, TheNewestValuesAreShown) {
  EXPECT_EQ(sparkline({900, 900, 0, 5}, 2, Glyphs::ascii), "_#");
  EXPECT_EQ(sparkline({0, 0}, 5, Glyphs::ascii), "__");
  EXPECT_EQ(sparkline({}, 5, Glyphs::ascii), "");
  EXPECT_EQ(sparkline({1}, 0, Glyphs::ascii), "");
}

Grid sample_grid() {
  Grid grid({{.title = "NAME"},
             {.title = "BYTES", .align = Grid::Align::right},
             {.title = "LONG TITLE", .dispensable = 2},
             {.title = "MORE", .dispensable = 1}});
  grid.row({{"a"}, {"12345678"}, {"x"}, {"y"}});
  grid.note({{"a note that is longer than the table is wide"}});
  return grid;
}

TEST(Grid, ColumnsStandUnderTheirTitles) {
  EXPECT_THAT(plain(sample_grid().lines(60)),
              ElementsAre("NAME     BYTES  LONG TITLE  MORE", "a     12345678  x           y",
                          "a note that is longer than the table is wide"));
}

TEST(Grid, WhatDoesNotFitGoesByItsRank) {
  EXPECT_EQ(plain(sample_grid().lines(25))[0], "NAME     BYTES  MORE");
  EXPECT_EQ(plain(sample_grid().lines(18))[0], "NAME     BYTES");
  EXPECT_EQ(plain(sample_grid().lines(8))[0], "NAME");
  EXPECT_EQ(plain(sample_grid().lines(8))[2], "a note t");
}

}  // namespace
}  // namespace longthrow::cli
