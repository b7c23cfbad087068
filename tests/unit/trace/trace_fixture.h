// SPDX-License-Identifier: Apache-2.0
// Rows and blocks of a trace, in few words.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "proxy/trace/block.h"
#include "proxy/trace/columns.h"
#include "proxy/trace/timeline.h"

namespace longthrow::trace {

inline constexpr std::uint64_t kRun = 77;
inline constexpr std::int64_t kWall = 1'800'000'000;  // 2027-01-15T08:00:00Z

using Values = std::initializer_list<std::pair<Column, std::uint64_t>>;

// A second of a link that is up, or of a group.
inline Row second_at(std::uint64_t tick, Values values = {}) {
  Row row{.run = kRun, .tick = tick, .wall = kWall + static_cast<std::int64_t>(tick)};
  row[Column::up_s] = 1;
  for (const auto& [column, value] : values) row[column] = value;
  for (const ColumnRule& rule : kColumnRules) {
    if (rule.merge == Merge::most) row[rule.column] = largest_of_second(rule, row);
  }
  return row;
}

inline Block link_block(std::vector<Row> rows) {
  return {.kind = Kind::link, .grain = Grain::second, .name = "dr", .rows = std::move(rows)};
}
inline Block group_block(std::vector<Row> rows, std::vector<Note> notes = {}) {
  for (Row& row : rows) row[Column::up_s] = 0;
  return {.kind = Kind::group,
          .grain = Grain::second,
          .name = "vm1",
          .link = "dr",
          .rows = std::move(rows),
          .notes = std::move(notes)};
}

// A link of which each second is told, beginning with tick 0.
inline Timeline link_timeline(std::vector<Row> rows) {
  return {.kind = Kind::link, .name = "dr", .rows = std::move(rows)};
}

inline std::vector<Block> read_all(std::string_view bytes, std::uint64_t* damaged = nullptr) {
  std::vector<Block> blocks;
  BlockReader reader(bytes);
  while (auto block = reader.next()) blocks.push_back(*std::move(block));
  if (damaged != nullptr) *damaged = reader.damaged();
  return blocks;
}

inline TraceBook read_book(const std::vector<std::string>& files) {
  TraceBook book([](const Block&) { return true; });
  for (const std::string& file : files) book.add(file);
  book.finish();
  return book;
}

inline bool same(const Row& a, const Row& b) {
  const auto lags = [](const Row& row) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> all;
    for (const LagCount& lag : row.lags) all.emplace_back(lag.bucket, lag.seconds);
    return all;
  };
  return a.run == b.run && a.tick == b.tick && a.wall == b.wall && a.span == b.span &&
         a.values == b.values && lags(a) == lags(b);
}

}  // namespace longthrow::trace
