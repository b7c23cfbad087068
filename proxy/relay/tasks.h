// SPDX-License-Identifier: Apache-2.0
// The commands that take time, of one node.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "proxy/relay/drain_task.h"
#include "proxy/relay/takeover_task.h"

namespace longthrow {

// Belongs to the loop's thread.
class Tasks {
 public:
  void add(Node::CommandId id, std::unique_ptr<DrainTask> drain);
  void add(Node::CommandId id, std::unique_ptr<TakeoverTask> takeover);
  [[nodiscard]] bool empty() const { return drains_.empty() && takeovers_.empty(); }
  // The next step of some is due in the next turn of the loop.
  [[nodiscard]] bool hurries() const;
  // Takes the next step of each.
  void advance();
  // All of them, or those of one link, cannot go on.
  void hinder(Hindrance why, const Link* of = nullptr);
  // Whoever asked has gone.
  void abandon(Node::CommandId id);

  // --- takeovers
  // Asked for again: what it has ended must not be judged anew. False: there is none, of that name,
  // that hands over or stands.
  [[nodiscard]] bool join_takeover(const std::string& name, const Node::AnswerHandler& handler);
  void note_taken(const std::string& name, const Answer& answer) { taken_[name] = answer; }
  void on_released(const std::string& name);

 private:
  std::map<Node::CommandId, std::unique_ptr<DrainTask>> drains_;
  std::map<Node::CommandId, std::unique_ptr<TakeoverTask>> takeovers_;
  std::map<std::string, Answer> taken_;  // what each takeover that stands has answered
};

}  // namespace longthrow
