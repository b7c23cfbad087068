// SPDX-License-Identifier: Apache-2.0
// Checkpoints of a group: named places in what its programs write. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/status_words.h"
#include "longthrow/time.h"

namespace longthrow {

// One checkpoint, as one of the two nodes knows it.
struct CheckpointRecord {
  std::string group;
  std::string link;
  std::string name;
  std::uint64_t id = 0;    // among those of the group that were made at the same node
  Side made = Side::here;  // where its programs write; the copy is at the other node
  WallTime created{};      // by the clock of the node where it was made
  Proof proof = Proof::none;
  CheckpointState state = CheckpointState::placed;
  // When each state began, by the clock of the node with the copy; nothing: it did not, or the
  // other node was not told.
  std::optional<WallTime> received;
  std::optional<WallTime> reached;
  std::optional<WallTime> ended;  // done or failed
  // From its creation to its end, by the clock of the node where it was made, and known there only.
  std::optional<Duration> took;
  // Whether all before it was on the target's disk, as the target's protocol says, when the hook
  // began. False: it was with the target's TCP, and no more is known.
  bool applied = false;
  HookResult hook = HookResult::none;
  std::string text;  // for people: why it failed
};

// Of a group at one node, made here or by the peer.
struct CheckpointCounts {
  std::uint64_t done = 0;  // since the node's start
  std::uint64_t failed = 0;
  std::string last_done;  // its name; "": none that is known
  std::optional<WallTime> last_done_at;
  std::string last_failure;  // why the newest one has failed, with its name; "": it has not
};

struct CheckpointReport {
  std::vector<CheckpointRecord> checkpoints;  // the oldest first
  std::string not_kept;                       // why they are not on the disk; "": they are
};

}  // namespace longthrow
