// SPDX-License-Identifier: Apache-2.0
// Connects the control thread with the node's loop: questions go to the loop by `Loop::post`,
// answers come back by `asio::post`. Nothing here blocks either thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "longthrow/loop.h"
#include "longthrow/node.h"
#include "longthrow/status.h"

namespace longthrow::control {

namespace asio = boost::asio;

// Control thread only; destroyed after the control thread has ended. Answers to commands that are
// still under way at the node are then dropped.
class NodeGateway {
 public:
  using StatusPtr = std::shared_ptr<const Status>;
  using StatusHandler = std::function<void(Result<StatusPtr>)>;
  using AnswerHandler = std::function<void(Answer)>;
  // Names one command; the loop's side keeps the node's own id.
  using Ticket = std::uint64_t;

  struct Limits {
    std::chrono::milliseconds status_pause{20};  // between questions: askers share an answer
    std::chrono::milliseconds status_timeout{5000};
  };

  NodeGateway(asio::io_context& io, Loop& loop, Node& node, Limits limits);
  NodeGateway(const NodeGateway&) = delete;
  NodeGateway& operator=(const NodeGateway&) = delete;
  ~NodeGateway();

  // At most one question is under way at the node, and one per `status_pause`, however many ask; an
  // answer is never older than its question. Fails when the loop does not answer in time.
  void status(StatusHandler handler);
  // `handler` is called on the control thread, never from inside this call.
  Ticket execute(Command command, AnswerHandler handler);
  // The asker has gone. Its handler may still be called with an answer that was on its way.
  void abandon(Ticket ticket);
  // Runs `task` on the loop's thread, with the node.
  void post_to_loop(std::function<void(Node&)> task);
  // Runs `task` on the control thread; for tasks that run on the loop's thread. Thread-safe.
  [[nodiscard]] std::function<void(std::function<void()>)> returner() const;

 private:
  struct Bridge;
  void ask_status();
  void send_question();
  void on_status(Result<StatusPtr> status, std::uint64_t question);

  Limits limits_;
  std::shared_ptr<Bridge> bridge_;
  asio::steady_timer status_timer_;
  std::vector<StatusHandler> waiting_;  // for the next question
  std::vector<StatusHandler> asked_;    // for the one under way
  std::chrono::steady_clock::time_point asked_at_;
  std::uint64_t question_ = 0;  // number of the last one asked
  bool busy_ = false;           // a question is under way, or waits for its pause to end
  Ticket last_ticket_ = 0;
};

}  // namespace longthrow::control
