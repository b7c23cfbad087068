// SPDX-License-Identifier: Apache-2.0
// A checkpoint of the peer, as the node with the copy sees it: all before it is taken by the
// targets, and is on their disks as far as they say so; the hook runs; then it is lifted.
#pragma once

#include <functional>
#include <string>

#include "longthrow/hooks.h"
#include "longthrow/loop.h"
#include "proxy/legs/channel.h"
#include "proxy/session/session.h"

namespace longthrow {

// Belongs to the loop's thread. Destroyed only when idle().
class CheckpointCopy {
 public:
  enum class State : std::uint8_t { taking, applying, in_hook, done, failed };
  struct Parts {
    Loop& loop;
    HookRunner* hooks;  // null: there is none to run
    // State has changed: tells the peer. May lift the checkpoint, once it is over.
    std::function<void(CheckpointCopy&)> on_change;
    std::function<void()> on_idle;
  };
  struct Hook {
    std::vector<std::string> argv;  // empty: none
    std::vector<std::string> environment;
    Duration timeout{};
  };
  // `group` is stopped at the checkpoint. end() is called before the session ends.
  CheckpointCopy(Parts parts, Session& session, GroupState& group, Hook hook);
  ~CheckpointCopy() { parts_.loop.disarm(timer_); }
  CheckpointCopy(const CheckpointCopy&) = delete;
  CheckpointCopy& operator=(const CheckpointCopy&) = delete;

  // The checkpoint cannot be had any more: kills the hook.
  void end(const std::string& why);

  [[nodiscard]] const std::string& group() const { return name_; }
  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool over() const { return state_ == State::done || state_ == State::failed; }
  [[nodiscard]] bool idle() const { return !call_.operation.in_flight(); }
  [[nodiscard]] bool applied() const { return applied_; }
  [[nodiscard]] HookResult hook_result() const { return hook_result_; }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  static constexpr Duration kLook = std::chrono::milliseconds(20);

  void look();
  // Whether a stream has ended before its target took all that is before the checkpoint.
  [[nodiscard]] bool lacks_a_stream() const;
  [[nodiscard]] StreamGuide::Applied applied_by_all() const;
  void run_hook();
  void on_hook_ended(int result);
  void become(State state);
  void fail(const std::string& why);

  const Parts parts_;
  Session& session_;  // valid until it is over(), as group_ is
  GroupState& group_;
  const std::string name_;  // the group's
  const std::uint64_t id_;
  const Hook hook_;
  const TimePoint deadline_;  // of taking and applying
  State state_ = State::taking;
  bool applied_ = false;
  HookResult hook_result_ = HookResult::none;
  std::string why_;
  HookCall call_;
  Timer timer_;
};

}  // namespace longthrow
