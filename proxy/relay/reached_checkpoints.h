// SPDX-License-Identifier: Apache-2.0
// The peer's checkpoints that the copies here reach.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxy/groups/checkpoint_book.h"
#include "proxy/relay/checkpoint_copy.h"
#include "proxy/relay/link_context.h"
#include "proxy/relay/peer.h"

namespace longthrow {

// One for each link. Belongs to the loop's thread.
class ReachedCheckpoints {
 public:
  struct Parts {
    LinkContext& context;
    const std::string& link;
    Peer& peer;
    std::function<void()> wake;     // there is something to send, or to hand over
    std::function<void()> on_idle;  // idle() may have become true
  };
  explicit ReachedCheckpoints(Parts parts) : parts_(std::move(parts)) {}
  ReachedCheckpoints(const ReachedCheckpoints&) = delete;
  ReachedCheckpoints& operator=(const ReachedCheckpoints&) = delete;

  void configure(std::map<std::string, GroupConfig> groups) { config_ = std::move(groups); }
  // Looks for groups that are stopped at one.
  void look();
  // The copy of the group, or of all groups (null), is about to be taken over, or the session to
  // end: what was stopped is handed over.
  void end(const std::string& why, const Group* group);
  [[nodiscard]] bool idle() const;

 private:
  void look_at_copies();
  void begin_copy(GroupState& group);
  void on_copy(CheckpointCopy& copy);
  void report(const CheckpointCopy& copy, const CheckpointRecord& record);
  [[nodiscard]] WallTime wall_now() const { return parts_.context.parts.loop.wall_now(); }
  [[nodiscard]] CheckpointBook& book() const { return parts_.context.checkpoints.book; }

  const Parts parts_;
  std::map<std::string, GroupConfig> config_;
  std::vector<std::unique_ptr<CheckpointCopy>> copies_;
};

}  // namespace longthrow
