// SPDX-License-Identifier: Apache-2.0
// Lines of a screen, as pieces with a colour each. Text is UTF-8; each character takes one cell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/longthrow/human.h"

namespace longthrow::cli {

struct Span {
  std::string text;
  Paint paint = Paint::none;
};
using Line = std::vector<Span>;

// In characters.
[[nodiscard]] std::size_t width_of(std::string_view text);
[[nodiscard]] std::size_t width_of(const Line& line);
// The first characters of it. Never cuts one in two.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t width);
[[nodiscard]] Line clipped(const Line& line, std::size_t width);
// `text` in lines of at most `width` characters, broken at spaces; a word that is longer is cut.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);
// For a terminal, or for a file: without colours it is plain text.
[[nodiscard]] std::string text_of(const std::vector<Line>& lines, const Painter& paint);

}  // namespace longthrow::cli
