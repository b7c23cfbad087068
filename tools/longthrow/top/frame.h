// SPDX-License-Identifier: Apache-2.0
// What `top` shows: from the looks so far to lines. Pure.
#pragma once

#include <string>
#include <vector>

#include "tools/longthrow/top/history.h"
#include "tools/longthrow/top/line.h"
#include "tools/longthrow/top/sparkline.h"

namespace longthrow::cli {

// How and what part of it is shown.
struct View {
  std::size_t width = 100;
  std::size_t height = 0;  // 0: all lines, and no keys, as on paper
  std::size_t scroll = 0;  // lines that have left at the top; more than there are: the last page
  Glyphs glyphs = Glyphs::unicode;
  std::string trouble;  // why there is no newer look; empty: there is
};

struct Frame {
  std::vector<Line> lines;  // at most `height`
  std::size_t scroll = 0;   // what it is really
  std::size_t page = 1;     // how many lines scroll at once by a page
};

// A smaller terminal gets a line that says so.
inline constexpr std::size_t kWidthMin = 50;
inline constexpr std::size_t kHeightMin = 8;

// REQUIRES: `history` is not empty.
[[nodiscard]] Frame draw(const History& history, const View& view);

}  // namespace longthrow::cli
