// SPDX-License-Identifier: Apache-2.0
// A command that takes time: the node calls advance() for each step, and the command may answer
// several times.
#pragma once

#include <string>

#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {

// Why a task cannot go on.
enum class Hindrance : std::uint8_t { link_removed, node_stops };

// Belongs to the loop's thread.
class Task {
 public:
  Task(Link& link, Node::AnswerHandler handler) : link_(link), handler_(std::move(handler)) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;

  // Takes the next step. True: the task has given its last answer.
  [[nodiscard]] virtual bool advance() = 0;
  // Whether the next step is due in the next turn of the loop, not only with the next tick.
  [[nodiscard]] virtual bool hurries() const { return false; }
  // The client that asked has gone. True: the task has ended.
  [[nodiscard]] virtual bool abandon() = 0;
  // Gives the last answer, and undoes what must not outlast the task.
  virtual void hinder(Hindrance why) = 0;

  [[nodiscard]] const Link& link() const { return link_; }

 protected:
  // Why nothing gets to the peer; "": the link is up.
  [[nodiscard]] std::string standstill() const {
    if (link_.peer().up()) return {};
    return link_.stops().paused()
               ? "the link is paused: nothing is delivered until it is resumed"
               : format("the link is down: {}", link_.peer().uplink().down_reason());
  }
  void answer(Answer answer) { handler_(std::move(answer)); }
  void refuse(std::string message) { answer({.ok = false, .message = std::move(message)}); }
  [[nodiscard]] Link& its_link() const { return link_; }
  [[nodiscard]] Node::AnswerHandler& handler() { return handler_; }

 private:
  Link& link_;
  Node::AnswerHandler handler_;
};

}  // namespace longthrow
