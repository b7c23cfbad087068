// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/checkpoint_book.h"

#include <algorithm>
#include <utility>

namespace longthrow {
namespace {

auto is_one(const std::string& group, Side made, std::uint64_t id) {
  return [&group, made, id](const CheckpointRecord& record) {
    return record.id == id && record.made == made && record.group == group;
  };
}

}  // namespace

void CheckpointBook::restore(std::vector<CheckpointRecord> records, WallTime now) {
  records_ = std::move(records);
  for (CheckpointRecord& record : records_) {
    if (is_over(record.state)) continue;
    record.text = record.made == Side::here
                      ? "this node's process ended meanwhile: the node with the copy knows whether "
                        "it was reached"
                      : "this node's process ended before it was over";
    record.state = CheckpointState::failed;
    record.ended = now;
  }
  // What an earlier process has done is known, and not counted.
  for (const CheckpointRecord& record : records_) {
    if (record.state != CheckpointState::done) continue;
    counts_[record.group].last_done = record.name;
    counts_[record.group].last_done_at = record.ended;
  }
}

void CheckpointBook::note_over(const CheckpointRecord& record) {
  CheckpointCounts& counts = counts_[record.group];
  const bool done = record.state == CheckpointState::done;
  ++(done ? counts.done : counts.failed);
  counts.last_failure = done ? "" : record.name + ": " + record.text;
  if (!done) return;
  counts.last_done = record.name;
  counts.last_done_at = record.ended;
}

CheckpointCounts CheckpointBook::counts(const std::string& group) const {
  const auto found = counts_.find(group);
  return found != counts_.end() ? found->second : CheckpointCounts{};
}

// A peer that gives an id twice would else leave a record behind that is never over.
CheckpointRecord& CheckpointBook::add(CheckpointRecord record) {
  std::erase_if(records_, is_one(record.group, record.made, record.id));
  forget_oldest_of(record.group, record.made);
  records_.push_back(std::move(record));
  return records_.back();
}

void CheckpointBook::forget_oldest_of(const std::string& group, Side made) {
  const auto is_of = [&](const CheckpointRecord& record) {
    return record.group == group && record.made == made;
  };
  if (static_cast<std::size_t>(std::ranges::count_if(records_, is_of)) < kKeptMax) return;
  const auto oldest = std::ranges::find_if(records_, [&](const CheckpointRecord& record) {
    return is_of(record) && is_over(record.state);
  });
  if (oldest != records_.end()) records_.erase(oldest);
}

CheckpointRecord* CheckpointBook::find(const std::string& group, Side made, std::uint64_t id) {
  const auto found = std::ranges::find_if(records_, is_one(group, made, id));
  return found != records_.end() ? &*found : nullptr;
}

std::uint64_t CheckpointBook::new_id(const std::string& group, WallTime now) const {
  auto id = static_cast<std::uint64_t>(std::max<std::int64_t>(now.time_since_epoch().count(), 1));
  for (const CheckpointRecord& record : records_) {
    if (record.group == group && record.made == Side::here) id = std::max(id, record.id + 1);
  }
  return id;
}

}  // namespace longthrow
