// SPDX-License-Identifier: Apache-2.0
// A table that gives up columns until it fits. Pure.
#pragma once

#include <string>
#include <vector>

#include "tools/longthrow/top/line.h"

namespace longthrow::cli {

class Grid {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
    int dispensable = 0;  // the highest is left out first; 0: never
  };
  explicit Grid(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void row(std::vector<Span> cells) { rows_.push_back({std::move(cells), {}}); }
  // Whole lines below the last row.
  void note(Line line) { rows_.back().notes.push_back(std::move(line)); }

  // The titles come first. No line is wider than `width`.
  [[nodiscard]] std::vector<Line> lines(std::size_t width) const;

 private:
  struct Row {
    std::vector<Span> cells;
    std::vector<Line> notes;
  };
  [[nodiscard]] std::vector<std::size_t> widths() const;
  // Which columns are shown.
  [[nodiscard]] std::vector<bool> fitting(const std::vector<std::size_t>& widths,
                                          std::size_t width) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace longthrow::cli
