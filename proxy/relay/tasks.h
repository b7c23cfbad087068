// SPDX-License-Identifier: Apache-2.0
// The commands of a node that take time.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "proxy/relay/checkpoint_task.h"
#include "proxy/relay/drain_task.h"
#include "proxy/relay/takeover_task.h"

namespace longthrow {

// Belongs to the loop's thread.
class Tasks {
 public:
  void add(Node::CommandId id, std::unique_ptr<DrainTask> drain);
  void add(Node::CommandId id, std::unique_ptr<TakeoverTask> takeover);
  void add(Node::CommandId id, std::unique_ptr<CheckpointTask> checkpoint);
  [[nodiscard]] bool empty() const {
    return drains_.empty() && takeovers_.empty() && checkpoints_.empty();
  }
  // Whether some task has its next step in the next turn of the loop.
  [[nodiscard]] bool hurries() const;
  // Takes the next step of each task.
  void advance();
  // Ends all tasks, or those of one link (`of`), because they cannot go on.
  void hinder(Hindrance why, const Link* of = nullptr);
  // The client that gave command `id` has gone.
  void abandon(Node::CommandId id);

  // --- takeovers
  // Answers a repeated takeover from the first one: its fence has ended the connections, so a copy
  // cannot be judged anew. False: no takeover of that name runs or stands.
  [[nodiscard]] bool join_takeover(const std::string& name, const Node::AnswerHandler& handler);
  void note_taken(const std::string& name, const Answer& answer) { taken_[name] = answer; }
  void on_released(const std::string& name);

 private:
  std::map<Node::CommandId, std::unique_ptr<DrainTask>> drains_;
  std::map<Node::CommandId, std::unique_ptr<TakeoverTask>> takeovers_;
  std::map<Node::CommandId, std::unique_ptr<CheckpointTask>> checkpoints_;
  std::map<std::string, Answer> taken_;  // of the takeovers that are not released
};

}  // namespace longthrow
