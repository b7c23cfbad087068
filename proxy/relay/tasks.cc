// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/tasks.h"

#include <algorithm>

namespace longthrow {

void Tasks::add(Node::CommandId id, std::unique_ptr<DrainTask> drain) {
  drains_.emplace(id, std::move(drain));
}

void Tasks::add(Node::CommandId id, std::unique_ptr<TakeoverTask> takeover) {
  takeovers_.emplace(id, std::move(takeover));
}

void Tasks::add(Node::CommandId id, std::unique_ptr<CheckpointTask> checkpoint) {
  checkpoints_.emplace(id, std::move(checkpoint));
}

bool Tasks::hurries() const {
  return std::ranges::any_of(drains_, [](const auto& entry) { return entry.second->hurries(); });
}

void Tasks::advance() {
  std::erase_if(drains_, [](const auto& entry) { return entry.second->advance(); });
  std::erase_if(takeovers_, [](const auto& entry) { return entry.second->advance(); });
  std::erase_if(checkpoints_, [](const auto& entry) { return entry.second->advance(); });
}

void Tasks::hinder(Hindrance why, const Link* of) {
  const auto hinder = [&](const auto& entry) {
    if (of != nullptr && &entry.second->link() != of) return false;
    entry.second->hinder(why);
    return true;
  };
  std::erase_if(drains_, hinder);
  std::erase_if(takeovers_, hinder);
  std::erase_if(checkpoints_, hinder);
}

void Tasks::abandon(Node::CommandId id) {
  const auto abandon = [&](const auto& entry) {
    return entry.first == id && entry.second->abandon();
  };
  std::erase_if(takeovers_, abandon);
  std::erase_if(drains_, abandon);
  std::erase_if(checkpoints_, abandon);
}

bool Tasks::join_takeover(const std::string& name, const Node::AnswerHandler& handler) {
  if (const auto answer = taken_.find(name); answer != taken_.end()) {
    handler(answer->second);
    return true;
  }
  for (auto& [id, task] : takeovers_) {
    if (task->name() != name) continue;
    task->join(handler);
    return true;
  }
  return false;
}

// A takeover that still hands over ends here: a later one must not join it.
void Tasks::on_released(const std::string& name) {
  taken_.erase(name);
  std::erase_if(takeovers_, [&](const auto& entry) {
    if (entry.second->name() != name) return false;
    entry.second->on_released();
    return true;
  });
}

}  // namespace longthrow
