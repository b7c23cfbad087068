// SPDX-License-Identifier: Apache-2.0
// The checkpoints of groups whose programs write here: from the question to the peer's last word.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "proxy/groups/checkpoint_book.h"
#include "proxy/relay/checkpoint_maker.h"
#include "proxy/relay/epochs.h"
#include "proxy/relay/link_context.h"

namespace longthrow {

// One for each link. Belongs to the loop's thread.
class MadeCheckpoints {
 public:
  struct Parts {
    LinkContext& context;
    const std::string& link;
    RouteTable& routes;
    Peer& peer;
    Epochs& epochs;
    std::function<void()> on_idle;  // idle() may have become true
  };
  explicit MadeCheckpoints(Parts parts) : parts_(std::move(parts)) {}
  MadeCheckpoints(const MadeCheckpoints&) = delete;
  MadeCheckpoints& operator=(const MadeCheckpoints&) = delete;

  void configure(std::map<std::string, GroupConfig> groups) { config_ = std::move(groups); }

  struct Wanted {
    std::string name;  // "": the time
    CheckpointPlacer::Sources sources = CheckpointPlacer::Sources::run;
    TimePoint deadline = kNever;
  };
  // Begins to look for its place. Returns its id. Errors: the group has one under way, the name is
  // taken, or the peer knows no checkpoints.
  [[nodiscard]] Result<std::uint64_t> begin(const Group& group, const Wanted& wanted);
  // Gives up one whose place is not found yet.
  void give_up(const std::string& group, std::uint64_t id);
  // Nothing: its place is not found yet.
  [[nodiscard]] const CheckpointRecord* find(const std::string& group, std::uint64_t id) const;

  void on_news();  // see Session::take_checkpoint_news
  void on_tick();
  // No place is looked for any more, in this group or in all (null).
  void end(const std::string& why, const Group* group);
  // The session is about to end.
  void end_session(const std::string& why);
  [[nodiscard]] bool idle() const;

 private:
  void on_maker(const std::string& group);
  void reap();
  void look_at_reports();
  void look_at_fates();
  void take_report(CheckpointRecord& record, const wire::CheckpointReport& report);
  void finish(CheckpointRecord& record, CheckpointState state, const std::string& text);
  void begin_scheduled();
  [[nodiscard]] CheckpointRecord* current(const std::string& group);
  [[nodiscard]] WallTime wall_now() const { return parts_.context.parts.loop.wall_now(); }
  [[nodiscard]] CheckpointBook& book() const { return parts_.context.checkpoints.book; }

  const Parts parts_;
  std::map<std::string, GroupConfig> config_;
  std::map<std::string, std::unique_ptr<CheckpointMaker>> makers_;  // by group
  std::map<std::string, std::uint64_t> under_way_;  // by group: placed here, and not over
  std::map<std::string, WallTime> scheduled_;       // by group: the newest moment that was seen
};

}  // namespace longthrow
