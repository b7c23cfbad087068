// SPDX-License-Identifier: Apache-2.0
// The checkpoints that a node knows: of its own groups, and of copies that it holds. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "longthrow/checkpoints.h"

namespace longthrow {

[[nodiscard]] constexpr bool is_over(CheckpointState state) {
  return state == CheckpointState::done || state == CheckpointState::failed;
}

class CheckpointBook {
 public:
  // Of a group, and of one side; then the oldest that is over is forgotten.
  static constexpr std::size_t kKeptMax = 64;

  // Records of earlier processes. Those that were not over have failed with their process.
  void restore(std::vector<CheckpointRecord> records, WallTime now);
  // Replaces one of the same group, side and id. Returned references are valid until the next
  // add().
  CheckpointRecord& add(CheckpointRecord record);
  [[nodiscard]] CheckpointRecord* find(const std::string& group, Side made, std::uint64_t id);
  // An id for a checkpoint that is made here at `now`: larger than all before it.
  [[nodiscard]] std::uint64_t new_id(const std::string& group, WallTime now) const;
  // One of them is over.
  void note_over(const CheckpointRecord& record);
  [[nodiscard]] CheckpointCounts counts(const std::string& group) const;
  // The oldest first.
  [[nodiscard]] const std::vector<CheckpointRecord>& all() const { return records_; }

 private:
  void forget_oldest_of(const std::string& group, Side made);

  std::vector<CheckpointRecord> records_;
  std::map<std::string, CheckpointCounts> counts_;  // by group
};

}  // namespace longthrow
