// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/top/sparkline.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace longthrow::cli {
namespace {

// The first is zero.
constexpr std::array<std::string_view, 8> kUnicode{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> kAscii{"_", ".", ":", "-", "=", "+", "*", "#"};

}  // namespace

std::string sparkline(const std::deque<double>& values, std::size_t width, Glyphs glyphs) {
  const auto& levels = glyphs == Glyphs::unicode ? kUnicode : kAscii;
  const auto first = values.end() - static_cast<std::ptrdiff_t>(std::min(width, values.size()));
  if (first == values.end()) return {};
  const double most = *std::max_element(first, values.end());
  const auto steps = static_cast<double>(levels.size() - 2);
  std::string out;
  for (auto value = first; value != values.end(); ++value) {
    std::size_t level = 0;
    if (*value > 0) level = 1 + static_cast<std::size_t>(*value / most * steps);
    out += levels.at(std::min(level, levels.size() - 1));
  }
  return out;
}

}  // namespace longthrow::cli
