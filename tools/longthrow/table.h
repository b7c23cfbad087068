// SPDX-License-Identifier: Apache-2.0
// Lines and columns on a terminal.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tools/longthrow/human.h"

namespace longthrow::cli {

// Columns as wide as their widest cell; the last one ends the line. Widths are those of the plain
// text.
class Table {
 public:
  struct Cell {
    std::string text;
    Paint paint = Paint::none;
  };
  explicit Table(std::vector<std::string> titles) {
    std::vector<Cell> head;
    for (std::string& title : titles) head.push_back({std::move(title), Paint::dim});
    rows_.push_back({std::move(head), {}});
  }
  void row(std::vector<Cell> cells) { rows_.push_back({std::move(cells), {}}); }
  // A whole line below the last row.
  void note(std::string line) { rows_.back().notes.push_back(std::move(line)); }

  [[nodiscard]] std::string text(const Painter& paint) const {
    std::vector<std::size_t> widths;
    for (const Row& row : rows_) {
      widths.resize(std::max(widths.size(), row.cells.size()));
      for (std::size_t i = 0; i < row.cells.size(); ++i) {
        widths[i] = std::max(widths[i], row.cells[i].text.size());
      }
    }
    std::string out;
    for (const Row& row : rows_) {
      for (std::size_t i = 0; i < row.cells.size(); ++i) {
        const Cell& cell = row.cells[i];
        out += paint(cell.paint, cell.text);
        if (i + 1 < row.cells.size()) out.append(widths[i] - cell.text.size() + 2, ' ');
      }
      while (out.ends_with(' ')) out.pop_back();
      out += '\n';
      for (const std::string& note : row.notes) out += note + '\n';
    }
    return out;
  }

 private:
  struct Row {
    std::vector<Cell> cells;
    std::vector<std::string> notes;
  };
  std::vector<Row> rows_;
};

}  // namespace longthrow::cli
