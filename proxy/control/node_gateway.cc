// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/node_gateway.h"

#include <boost/asio/post.hpp>
#include <map>
#include <mutex>
#include <utility>

namespace longthrow::control {

// Shared by both threads, and by handlers that the node keeps after the control thread has gone.
struct NodeGateway::Bridge {
  Bridge(asio::io_context& control_io, Loop& node_loop, Node& the_node)
      : loop(node_loop), node(the_node), io(&control_io) {}

  // Any thread. After `close` the task is dropped.
  void to_control(std::function<void()> task) {
    const std::lock_guard lock(mutex);
    if (io != nullptr) asio::post(*io, std::move(task));
  }
  void close() {
    const std::lock_guard lock(mutex);
    io = nullptr;
  }

  Loop& loop;
  Node& node;                                   // loop's thread
  std::map<Ticket, Node::CommandId> under_way;  // loop's thread

 private:
  std::mutex mutex;
  asio::io_context* io;  // null once the control thread has ended
};

NodeGateway::NodeGateway(asio::io_context& io, Loop& loop, Node& node, Limits limits)
    : limits_(limits), bridge_(std::make_shared<Bridge>(io, loop, node)), status_timer_(io) {}

NodeGateway::~NodeGateway() { bridge_->close(); }

void NodeGateway::status(StatusHandler handler) {
  waiting_.push_back(std::move(handler));
  if (!busy_) ask_status();
}

void NodeGateway::ask_status() {
  busy_ = true;
  status_timer_.expires_at(asked_at_ + limits_.status_pause);
  status_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) send_question();
  });
}

void NodeGateway::send_question() {
  asked_ = std::exchange(waiting_, {});
  asked_at_ = std::chrono::steady_clock::now();
  const std::uint64_t question = ++question_;
  status_timer_.expires_after(limits_.status_timeout);
  status_timer_.async_wait([this, question](const boost::system::error_code& error) {
    if (error) return;
    on_status(fail("the data plane did not answer in time: it is stuck or overloaded; see its log"),
              question);
  });
  bridge_->loop.post([this, question, bridge = bridge_] {
    auto snapshot = std::make_shared<const Status>(bridge->node.status());
    bridge->to_control([this, question, snapshot] { on_status(StatusPtr(snapshot), question); });
  });
}

void NodeGateway::on_status(Result<StatusPtr> status, std::uint64_t question) {
  if (asked_.empty() || question != question_) return;  // a late answer
  status_timer_.cancel();
  for (StatusHandler& handler : std::exchange(asked_, {})) handler(status);
  busy_ = false;
  if (!waiting_.empty()) ask_status();
}

NodeGateway::Ticket NodeGateway::execute(Command command, AnswerHandler handler) {
  const Ticket ticket = ++last_ticket_;
  bridge_->loop.post([bridge = bridge_, ticket, command = std::move(command),
                      handler = std::move(handler)]() mutable {
    // The node may answer from inside `execute`: then the command's id is never kept.
    const auto finished = std::make_shared<bool>(false);
    const Node::CommandId id = bridge->node.execute(
        std::move(command), [bridge, ticket, finished, handler](Answer answer) {
          if (answer.done) {
            *finished = true;
            bridge->under_way.erase(ticket);
          }
          bridge->to_control([handler, answer = std::move(answer)] { handler(answer); });
        });
    if (!*finished) bridge->under_way.emplace(ticket, id);
  });
  return ticket;
}

void NodeGateway::abandon(Ticket ticket) {
  bridge_->loop.post([bridge = bridge_, ticket] {
    const auto found = bridge->under_way.find(ticket);
    if (found == bridge->under_way.end()) return;  // already done
    const Node::CommandId id = found->second;
    bridge->under_way.erase(found);
    bridge->node.abandon(id);
  });
}

void NodeGateway::post_to_loop(std::function<void(Node&)> task) {
  bridge_->loop.post([bridge = bridge_, task = std::move(task)] { task(bridge->node); });
}

std::function<void(std::function<void()>)> NodeGateway::returner() const {
  return [bridge = bridge_](std::function<void()> task) { bridge->to_control(std::move(task)); };
}

}  // namespace longthrow::control
