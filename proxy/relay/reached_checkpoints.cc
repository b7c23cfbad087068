// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/reached_checkpoints.h"

#include <algorithm>
#include <utility>

#include "proxy/base/human.h"
#include "proxy/base/log.h"

namespace longthrow {

void ReachedCheckpoints::look_at_copies() {
  if (parts_.peer.session() == nullptr) return;
  for (auto& [name, state] : parts_.peer.session()->groups()) {
    if (!state.in_epochs.stopped_at_checkpoint()) continue;
    const bool begun = std::ranges::any_of(
        copies_, [&](const auto& copy) { return !copy->over() && copy->group() == state.name; });
    if (!begun) begin_copy(state);
  }
}

void ReachedCheckpoints::begin_copy(GroupState& group) {
  const InCheckpoint& checkpoint = *group.in_epochs.checkpoint();
  const WallTime created = WallTime(Duration(checkpoint.mark.civil_ns));
  const auto found = config_.find(group.name);
  const GroupConfig config = found != config_.end() ? found->second : GroupConfig{};
  book().add({.group = group.name,
              .link = parts_.link,
              .name = checkpoint.mark.name,
              .id = checkpoint.mark.id,
              .made = Side::peer,
              .created = created,
              .proof = checkpoint.proof,
              .state = CheckpointState::received,
              .received = wall_now()});
  CheckpointCopy::Hook hook{
      .argv = config.on_checkpoint,
      .environment = {format("LONGTHROW_NODE={}", parts_.context.node),
                      format("LONGTHROW_LINK={}", parts_.link),
                      format("LONGTHROW_GROUP={}", group.name),
                      format("LONGTHROW_CHECKPOINT={}", checkpoint.mark.name),
                      format("LONGTHROW_CREATED={}", utc_text(created)),
                      format("LONGTHROW_PROOF={}", to_string(checkpoint.proof))},
      .timeout = config.hook_timeout};
  copies_.push_back(std::make_unique<CheckpointCopy>(
      CheckpointCopy::Parts{.loop = parts_.context.parts.loop,
                            .hooks = parts_.context.parts.hooks,
                            .on_change = [this](CheckpointCopy& copy) { on_copy(copy); },
                            .on_idle = [this] { parts_.on_idle(); }},
      *parts_.peer.session(), group, std::move(hook)));
  on_copy(*copies_.back());
}

void ReachedCheckpoints::on_copy(CheckpointCopy& copy) {
  CheckpointRecord* record = book().find(copy.group(), Side::peer, copy.id());
  if (record == nullptr) return;
  using enum CheckpointCopy::State;
  record->applied = copy.applied();
  record->hook = copy.hook_result();
  if (copy.state() == in_hook) {
    record->state = CheckpointState::reached;
    record->reached = wall_now();
  } else if (copy.over()) {
    record->state = copy.state() == done ? CheckpointState::done : CheckpointState::failed;
    record->ended = wall_now();
    record->text = copy.why();
    book().note_over(*record);
    const std::string line =
        format("group {}: checkpoint {} of the peer: {}", record->group, record->name,
               copy.why().empty() ? "done" : "failed: " + copy.why());
    copy.why().empty() ? log_info("{}", line) : log_warning("{}", line);
  }
  report(copy, *record);
  parts_.context.checkpoints.on_change();
}

// One that is over is lifted, so that the copy goes on.
void ReachedCheckpoints::report(const CheckpointCopy& copy, const CheckpointRecord& record) {
  Session& session = *parts_.peer.session();
  const auto group = session.groups().find(copy.group());
  if (group == session.groups().end()) return;
  session.report_checkpoint(group->second, {.id = record.id,
                                            .state = record.state,
                                            .hook = record.hook,
                                            .applied = record.applied,
                                            .civil_ns = wall_now().time_since_epoch().count(),
                                            .text = record.text});
  if (copy.over()) session.lift_checkpoint(group->second);
  parts_.wake();
}

// --- what happens

void ReachedCheckpoints::look() {
  std::erase_if(copies_, [](const auto& copy) { return copy->over() && copy->idle(); });
  look_at_copies();
}

bool ReachedCheckpoints::idle() const {
  return std::ranges::all_of(copies_, [](const auto& copy) { return copy->idle(); });
}

void ReachedCheckpoints::end(const std::string& why, const Group* group) {
  const auto is_meant = [&](const std::string& name) {
    return group == nullptr || group->name == name;
  };
  for (const auto& copy : copies_) {
    if (is_meant(copy->group())) copy->end(why);
  }
  Session* session = parts_.peer.session();
  if (session == nullptr) return;
  for (auto& [name, state] : session->groups()) {
    if (is_meant(name) && state.in_epochs.checkpoint()) session->lift_checkpoint(state);
  }
}

}  // namespace longthrow
