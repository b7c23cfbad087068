// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/top/line.h"

#include <algorithm>

namespace longthrow::cli {
namespace {

// A byte that begins a character, not one that goes on with it.
bool begins(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins));
}

std::size_t width_of(const Line& line) {
  std::size_t width = 0;
  for (const Span& span : line) width += width_of(span.text);
  return width;
}

std::string clipped(std::string_view text, std::size_t width) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins(text[i]) && ++characters > width) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

Line clipped(const Line& line, std::size_t width) {
  Line out;
  for (const Span& span : line) {
    const std::string text = clipped(span.text, width);
    width -= width_of(text);
    if (!text.empty()) out.push_back({text, span.paint});
  }
  return out;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  width = std::max<std::size_t>(width, 1);
  while (!text.empty()) {
    std::string line = clipped(text, width);
    if (line.size() < text.size() && text[line.size()] != ' ') {
      const std::size_t space = line.rfind(' ');
      if (space != std::string::npos && space > 0) line.resize(space);
    }
    text.remove_prefix(line.size());
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string text_of(const std::vector<Line>& lines, const Painter& paint) {
  std::string out;
  for (const Line& line : lines) {
    std::string text;
    for (const Span& span : line) text += paint(span.paint, span.text);
    while (text.ends_with(' ')) text.pop_back();
    out += text + '\n';
  }
  return out;
}

}  // namespace longthrow::cli
