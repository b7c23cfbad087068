// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/top/grid.h"

#include <algorithm>

namespace longthrow::cli {
namespace {

constexpr std::size_t kGap = 2;

}  // namespace

std::vector<std::size_t> Grid::widths() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(width_of(column.title));
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < columns_.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row.cells.at(i).text));
  }
  return widths;
}

std::vector<bool> Grid::fitting(const std::vector<std::size_t>& widths, std::size_t width) const {
  std::vector<bool> shown(columns_.size(), true);
  for (;;) {
    std::size_t needed = 0;
    std::size_t worst = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!shown[i]) continue;
      needed += widths[i] + (needed > 0 ? kGap : 0);
      const int rank = columns_[i].dispensable;
      if (rank > 0 && (worst == columns_.size() || rank > columns_[worst].dispensable)) worst = i;
    }
    if (needed <= width || worst == columns_.size()) return shown;
    shown[worst] = false;
  }
}

std::vector<Line> Grid::lines(std::size_t width) const {
  const std::vector<std::size_t> widths = this->widths();
  const std::vector<bool> shown = fitting(widths, width);
  std::vector<Line> out;
  const auto add = [&](const auto& cell_of) {
    Line line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!shown[i]) continue;
      Span cell = cell_of(i);
      const std::string room(widths[i] - width_of(cell.text), ' ');
      if (!line.empty()) line.push_back({std::string(kGap, ' ')});
      if (columns_[i].align == Align::right) line.push_back({room});
      line.push_back(std::move(cell));
      if (columns_[i].align == Align::left) line.push_back({room});
    }
    out.push_back(clipped(line, width));
  };
  add([&](std::size_t i) { return Span{columns_[i].title, Paint::dim}; });
  for (const Row& row : rows_) {
    add([&](std::size_t i) { return row.cells.at(i); });
    for (const Line& note : row.notes) out.push_back(clipped(note, width));
  }
  return out;
}

}  // namespace longthrow::cli
