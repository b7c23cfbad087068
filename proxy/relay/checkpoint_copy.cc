// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/checkpoint_copy.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"

namespace longthrow {

CheckpointCopy::CheckpointCopy(Parts parts, Session& session, GroupState& group, Hook hook)
    : parts_(std::move(parts)),
      session_(session),
      group_(group),
      name_(group.name),
      id_(group.in_epochs.checkpoint()->mark.id),
      hook_(std::move(hook)),
      deadline_(parts_.loop.now() + hook_.timeout) {
  timer_.bind<&CheckpointCopy::look>(this);
  call_.operation.bind<&CheckpointCopy::on_hook_ended>(this);
  // What was taken before the checkpoint was known.
  for (const auto& [id, channel] : session.channels())
    group.in_epochs.note_delivered(id, channel->delivered_offset);
  parts_.loop.arm(timer_, parts_.loop.now());
}

void CheckpointCopy::become(State state) {
  state_ = state;
  parts_.on_change(*this);
}

void CheckpointCopy::fail(const std::string& why) {
  why_ = why;
  become(State::failed);
}

void CheckpointCopy::end(const std::string& why) {
  if (over()) return;
  parts_.loop.disarm(timer_);
  if (!idle()) parts_.hooks->cancel(call_);
  fail(why);
}

bool CheckpointCopy::lacks_a_stream() const {
  return std::ranges::any_of(
      group_.in_epochs.checkpoint()->to_take, [&](const wire::CutEntry& entry) {
        const auto found = session_.channels().find(entry.channel);
        return found == session_.channels().end() || found->second->in.discarding();
      });
}

StreamGuide::Applied CheckpointCopy::applied_by_all() const {
  using enum StreamGuide::Applied;
  StreamGuide::Applied applied = yes;
  for (const wire::CutEntry& entry : group_.in_epochs.checkpoint()->entries) {
    const auto found = session_.channels().find(entry.channel);
    const auto* channel = found != session_.channels().end()
                              ? static_cast<const Channel*>(found->second->user)
                              : nullptr;
    const StreamGuide::Applied its = channel != nullptr ? channel->guide().applied() : unknown;
    if (its == no) return no;
    if (its == unknown) applied = unknown;
  }
  return applied;
}

void CheckpointCopy::look() {
  const bool all_taken = group_.in_epochs.checkpoint()->to_take.empty();
  if (state_ == State::taking && (all_taken || planted(Plant::checkpoint_too_early)))
    state_ = State::applying;  // which is nobody's news
  if (state_ == State::taking && lacks_a_stream())
    return fail("a connection has ended before its target took all that is before it");
  if (state_ == State::applying) {
    const StreamGuide::Applied applied = applied_by_all();
    applied_ = applied == StreamGuide::Applied::yes;
    if (applied != StreamGuide::Applied::no) return run_hook();
  }
  if (parts_.loop.now() >= deadline_) {
    return fail(format("the targets have not {} within hook_timeout ({:.1f} s) what was before it",
                       state_ == State::taking ? "taken" : "written to their disks",
                       seconds_of(hook_.timeout)));
  }
  parts_.loop.arm(timer_, parts_.loop.now() + kLook);
}

void CheckpointCopy::run_hook() {
  if (hook_.argv.empty()) {
    become(State::in_hook);
    return become(State::done);
  }
  if (parts_.hooks == nullptr) return fail("this node runs no hooks");
  call_.argv = hook_.argv;
  call_.environment = hook_.environment;
  call_.environment.push_back(format("LONGTHROW_APPLIED={}", applied_ ? "yes" : "unknown"));
  call_.timeout = hook_.timeout;
  parts_.hooks->run(call_);
  become(State::in_hook);
}

void CheckpointCopy::on_hook_ended(int result) {
  if (over()) return parts_.on_idle();
  if (result == -ECANCELED) return fail("the hook was cancelled");
  hook_result_ = call_.result;
  if (hook_result_ != HookResult::ok) return fail(format("on_checkpoint: {}", call_.text));
  become(State::done);
}

}  // namespace longthrow
