// SPDX-License-Identifier: Apache-2.0
// What a trace tells of a link or a group, in the order in which it happened. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/trace/row.h"

namespace longthrow::trace {

// Rows that follow each other with nothing unknown between them: same run, no gap.
[[nodiscard]] inline bool follows(const Row& before, const Row& row) {
  return before.run == row.run && before.end() == row.tick;
}

struct Timeline {
  Kind kind = Kind::link;
  std::string name;
  std::string link;       // of a group
  std::vector<Row> rows;  // of both grains; none overlaps another one of its run
  std::vector<Note> notes;
  std::uint64_t clock_steps = 0;  // steps of the civil clock within runs

  [[nodiscard]] std::uint64_t seconds() const;  // that are known
};

// Reads the files of a trace.
class TraceBook {
 public:
  using Wanted = std::function<bool(const Block&)>;
  // Only blocks that are wanted are kept.
  explicit TraceBook(Wanted wanted) : wanted_(std::move(wanted)) {}

  // The files of minutes come before those of seconds, each in their order.
  void add(std::string_view file);
  // Sorts what was read, and leaves out what was told twice: a second counts once. Call it once,
  // behind all files.
  void finish();

  [[nodiscard]] const std::map<std::string, Timeline>& links() const { return links_; }
  [[nodiscard]] const std::map<std::string, Timeline>& groups() const { return groups_; }
  // All names, also of those that were not wanted.
  [[nodiscard]] const std::set<std::string>& link_names() const { return link_names_; }
  [[nodiscard]] const std::set<std::string>& group_names() const { return group_names_; }
  // The civil time of the oldest block; 0: there is none.
  [[nodiscard]] std::int64_t oldest_wall() const { return oldest_wall_; }
  [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
  [[nodiscard]] std::uint64_t damaged() const { return damaged_; }

 private:
  void finish(Timeline& timeline) const;
  void sort(Timeline& timeline) const;

  Wanted wanted_;
  std::map<std::string, Timeline> links_;
  std::map<std::string, Timeline> groups_;
  std::set<std::string> link_names_;
  std::set<std::string> group_names_;
  std::map<std::uint64_t, std::size_t> runs_;  // in the order of their coming
  std::int64_t oldest_wall_ = 0;
  std::uint64_t blocks_ = 0;
  std::uint64_t damaged_ = 0;
};

}  // namespace longthrow::trace
