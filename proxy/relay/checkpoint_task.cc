// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/checkpoint_task.h"

#include "proxy/base/log.h"

namespace longthrow {
namespace {

std::string describe_end(const CheckpointRecord& record) {
  const std::string what = format("group {}: checkpoint {}", record.group, record.name);
  switch (record.state) {
    case CheckpointState::placed:
    case CheckpointState::received:
    case CheckpointState::reached:
      return format("{} is placed, proven by: {}; `longthrow checkpoints {}` follows it", what,
                    to_string(record.proof), record.group);
    case CheckpointState::done:
      return format("{}: the copy has reached it, proven by: {}; on its disk: {}; hook: {}", what,
                    to_string(record.proof), record.applied ? "yes" : "not known",
                    to_string(record.hook));
    case CheckpointState::failed:
      break;
  }
  return format("{} has failed: {}", what, record.text);
}

}  // namespace

bool CheckpointTask::advance() {
  const CheckpointRecord* record = its_link().checkpoints().made.find(wanted_.group, wanted_.id);
  if (record == nullptr) {
    answer({.done = false, .message = "its place is being looked for"});
    return false;
  }
  const bool done = is_over(record->state) || (wanted_.until == Until::placed);
  answer({.done = done,
          .ok = record->state != CheckpointState::failed,
          .message = done ? describe_end(*record) : standstill(),
          .checkpoint = *record});
  return done;
}

bool CheckpointTask::abandon() {
  its_link().checkpoints().made.give_up(wanted_.group, wanted_.id);
  return true;
}

void CheckpointTask::hinder(Hindrance why) {
  its_link().checkpoints().made.give_up(wanted_.group, wanted_.id);
  refuse(why == Hindrance::node_stops ? "the node is stopping"
                                      : format("link {} was removed by a reload", link().name()));
}

}  // namespace longthrow
