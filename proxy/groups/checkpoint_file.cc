// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/checkpoint_file.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "proxy/base/foreign_text.h"
#include "proxy/base/log.h"
#include "proxy/base/state_lines.h"

namespace longthrow {
namespace {

std::filesystem::path file_of_checkpoints(const std::string& state_dir) {
  return std::filesystem::path(state_dir) / "checkpoints";
}

std::int64_t ns(WallTime at) { return at.time_since_epoch().count(); }
std::int64_t ns(const std::optional<WallTime>& at) { return at ? ns(*at) : 0; }
WallTime time_of(std::int64_t ns) { return WallTime(Duration(ns)); }
std::optional<WallTime> maybe_time(std::int64_t ns) {
  return ns != 0 ? std::optional(time_of(ns)) : std::nullopt;
}

std::string line_of(const CheckpointRecord& record) {
  return format("checkpoint {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}\n", record.group,
                record.link, record.name, record.id, static_cast<int>(record.made),
                ns(record.created), static_cast<int>(record.proof), static_cast<int>(record.state),
                ns(record.received), ns(record.reached), ns(record.ended),
                record.took ? record.took->count() : -1, record.applied ? 1 : 0,
                static_cast<int>(record.hook), one_line(record.text));
}

// Nothing: it is no enumerator.
template <HasWords Enum>
std::optional<Enum> enumerator(int value) {
  if (value < 0 || static_cast<std::size_t>(value) >= kWords<Enum>.size()) return std::nullopt;
  return static_cast<Enum>(value);
}

std::optional<CheckpointRecord> parse(const std::string& line) {
  std::istringstream words(line);
  std::string kind;
  CheckpointRecord record;
  int made = 0;
  int proof = 0;
  int state = 0;
  int applied = 0;
  int hook = 0;
  std::int64_t created = 0;
  std::int64_t received = 0;
  std::int64_t reached = 0;
  std::int64_t ended = 0;
  std::int64_t took = 0;
  if (!(words >> kind >> record.group >> record.link >> record.name >> record.id >> made >>
        created >> proof >> state >> received >> reached >> ended >> took >> applied >> hook) ||
      kind != "checkpoint") {
    return std::nullopt;
  }
  const auto its_side = enumerator<Side>(made);
  const auto its_proof = enumerator<Proof>(proof);
  const auto its_state = enumerator<CheckpointState>(state);
  const auto its_hook = enumerator<HookResult>(hook);
  if (!its_side || !its_proof || !its_state || !its_hook) return std::nullopt;
  record.made = *its_side;
  record.created = time_of(created);
  record.proof = *its_proof;
  record.state = *its_state;
  record.received = maybe_time(received);
  record.reached = maybe_time(reached);
  record.ended = maybe_time(ended);
  if (took >= 0) record.took = Duration(took);
  record.applied = applied == 1;
  record.hook = *its_hook;
  std::getline(words >> std::ws, record.text);
  return record;
}

}  // namespace

std::vector<CheckpointRecord> load_checkpoints(const std::string& state_dir) {
  std::vector<CheckpointRecord> records;
  const auto take = [&](const std::string& line) {
    auto record = parse(line);
    if (record) records.push_back(*std::move(record));
    return record.has_value();
  };
  const auto loaded = load_state_lines(file_of_checkpoints(state_dir), take);
  if (loaded) return records;
  log_warning("{}: what became of earlier checkpoints is not known here", loaded.error().message);
  return {};
}

Result<void> save_checkpoints(const std::string& state_dir,
                              const std::vector<CheckpointRecord>& records) {
  std::string lines;
  for (const CheckpointRecord& record : records) lines += line_of(record);
  return save_state_lines(file_of_checkpoints(state_dir), std::move(lines));
}

}  // namespace longthrow
