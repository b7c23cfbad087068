// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/timeline.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "proxy/trace/block.h"
#include "proxy/trace/columns.h"

namespace longthrow::trace {
namespace {

// What counts seconds of a row is at most the row, whatever the file says.
void bound_seconds(Row& row) {
  using enum Column;
  for (const Column column :
       {wan_s, up_s, paused_s, full_s, held_s, not_consistent_s, copy_unknown_s}) {
    row[column] = std::min(row[column], row.span);
  }
}

}  // namespace

std::uint64_t Timeline::seconds() const {
  return std::accumulate(rows.begin(), rows.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Row& row) { return sum + row.span; });
}

void TraceBook::add(std::string_view file) {
  BlockReader reader(file);
  while (auto block = reader.next()) {
    const std::int64_t wall = block->rows.front().wall;
    oldest_wall_ = blocks_++ == 0 ? wall : std::min(oldest_wall_, wall);
    runs_.try_emplace(block->rows.front().run, runs_.size());
    (block->kind == Kind::link ? link_names_ : group_names_).insert(block->name);
    if (!wanted_(*block)) continue;
    Timeline& timeline = (block->kind == Kind::link ? links_ : groups_)[block->name];
    timeline.kind = block->kind;
    timeline.name = block->name;
    timeline.link = block->link;
    for (Note& note : block->notes)
      timeline.notes.push_back({note.row + timeline.rows.size(), std::move(note.text)});
    for (Row& row : block->rows) {
      bound_seconds(row);
      timeline.rows.push_back(std::move(row));
    }
  }
  damaged_ += reader.damaged();
}

void TraceBook::finish() {
  for (auto& [name, timeline] : links_) finish(timeline);
  for (auto& [name, timeline] : groups_) finish(timeline);
}

// A long trace is large, and mostly in order: it is copied only if it is not.
void TraceBook::finish(Timeline& timeline) const {
  const auto in_order = [&](const Row& a, const Row& b) {
    return a.run == b.run ? b.tick >= a.end() : runs_.at(a.run) < runs_.at(b.run);
  };
  const auto wrong = std::ranges::adjacent_find(
      timeline.rows, [&](const Row& a, const Row& b) { return !in_order(a, b); });
  if (wrong != timeline.rows.end()) sort(timeline);
  for (std::size_t i = 1; i < timeline.rows.size(); ++i) {
    const Row& before = timeline.rows[i - 1];
    const Row& row = timeline.rows[i];
    if (before.run == row.run && !same_clock(before, row)) ++timeline.clock_steps;
  }
}

void TraceBook::sort(Timeline& timeline) const {
  std::vector<std::pair<std::size_t, std::uint64_t>> keys;  // the order of runs, the tick
  for (const Row& row : timeline.rows) keys.emplace_back(runs_.at(row.run), row.tick);
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t at) { return keys[at]; });

  std::vector<Row> rows;
  std::vector<std::size_t> place(keys.size(), keys.size());  // of a row that stays
  for (const std::size_t at : order) {
    Row& row = timeline.rows[at];
    const bool again = !rows.empty() && rows.back().run == row.run && row.tick < rows.back().end();
    if (again) continue;
    place[at] = rows.size();
    rows.push_back(std::move(row));
  }
  std::erase_if(timeline.notes, [&](const Note& note) { return place[note.row] == keys.size(); });
  for (Note& note : timeline.notes) note.row = place[note.row];
  std::ranges::stable_sort(timeline.notes, {}, &Note::row);
  timeline.rows = std::move(rows);
}

}  // namespace longthrow::trace
