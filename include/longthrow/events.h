// SPDX-License-Identifier: Apache-2.0
// What has happened at a node that its administrator may want to know later: the history of events.
// Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "longthrow/status_words.h"
#include "longthrow/time.h"

namespace longthrow {

enum class EventCode : std::uint8_t {
  history,  // of the history itself: it begins, or its file was damaged
  node_started,
  node_stopping,
  link_down,
  link_up,
  buffer_high,    // the send buffer has come over a mark
  buffer_full,    // it is spent: the source is slowed
  buffer_normal,  // it is well below the mark again
  not_consistent,
  copy_unknown,  // it cannot be told whether the copy is consistent
  consistent,
  loss,        // an entry of the ledger of losses
  corruption,  // frames failed their checksum, and were asked for again
  fenced,
  released,
  held,
  hold_ended,
  paused,
  resumed,
  takeover,
  drained,
  drain_failed,
  reloaded,
  reload_failed,
  restart_pending,
  checkpoint_done,
  checkpoint_failed,
};

// warning: somebody should look; critical: now. Both run the program that `notify` names.
enum class EventWeight : std::uint8_t { info, warning, critical };

namespace words {
inline constexpr std::string_view kEventCodes[]{
    "history",         "node_started",    "node_stopping",    "link_down",
    "link_up",         "buffer_high",     "buffer_full",      "buffer_normal",
    "not_consistent",  "copy_unknown",    "consistent",       "loss",
    "corruption",      "fenced",          "released",         "held",
    "hold_ended",      "paused",          "resumed",          "takeover",
    "drained",         "drain_failed",    "reloaded",         "reload_failed",
    "restart_pending", "checkpoint_done", "checkpoint_failed"};
inline constexpr std::string_view kEventWeights[]{"info", "warning", "critical"};
}  // namespace words
template <>
inline constexpr std::span<const std::string_view> kWords<EventCode>{words::kEventCodes};
template <>
inline constexpr std::span<const std::string_view> kWords<EventWeight>{words::kEventWeights};
inline constexpr std::size_t kEventCodes = std::size(words::kEventCodes);

struct Event {
  std::uint64_t number = 0;  // in the history, from 1
  WallTime at{};
  EventCode code = EventCode::history;
  EventWeight weight = EventWeight::info;
  std::string link;   // "": of the whole node
  std::string group;  // "": of the whole link
  std::string text;   // for people
  // Events like this one that were kept out of the history before it, since there were too many.
  std::uint64_t left_out = 0;
};

// An extract of the history, the oldest first.
struct EventReport {
  WallTime since{};  // the history's beginning
  std::vector<Event> events;
  std::uint64_t last = 0;       // the number of the newest event of the history; 0: there is none
  std::uint64_t forgotten = 0;  // number of the oldest, which the history has no room for
  std::string not_kept;         // why the history is not on the disk; "": it is
};

}  // namespace longthrow
