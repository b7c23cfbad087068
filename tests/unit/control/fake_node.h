// SPDX-License-Identifier: Apache-2.0
// A node that records what it is asked, on a loop that can do nothing but run tasks.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "longthrow/loop.h"
#include "longthrow/node.h"

namespace longthrow::test {

// The thread of a node. All but `post`, `run` and `stop` must not be called.
class TaskLoop final : public Loop {
 public:
  TaskLoop() : thread_([this] { run(); }) {}
  ~TaskLoop() override {
    stop();
    thread_.join();
  }
  // Runs `task` there and waits for it.
  void call(std::function<void()> task);

  std::string_view name() const override { return "tasks"; }
  TimePoint now() const override { return {}; }
  WallTime wall_now() const override { return {}; }
  Result<Socket> listen(const Endpoint&, const ListenOptions&) override { return fail("no"); }
  Result<Endpoint> local_endpoint(Socket) const override { return fail("no"); }
  Result<Endpoint> remote_endpoint(Socket) const override { return fail("no"); }
  void accept(Operation&, Socket) override { LT_ASSERT(false); }
  Result<Socket> connect(Operation&, const Endpoint&, const ConnectOptions&) override {
    return fail("no");
  }
  void wait_readable(Operation&, Socket) override { LT_ASSERT(false); }
  void receive(Operation&, Socket, ByteSpan) override { LT_ASSERT(false); }
  void send(Operation&, Socket, std::span<const ByteView>) override { LT_ASSERT(false); }
  void cancel(Operation&) override { LT_ASSERT(false); }
  bool shutdown_send(Socket) override { LT_ASSERT(false); }
  void close(Socket, CloseMode) override { LT_ASSERT(false); }
  SocketStats stats(Socket) const override { return {}; }
  void set_pacing_rate(Socket, std::uint64_t) override { LT_ASSERT(false); }
  void arm(Timer&, TimePoint) override { LT_ASSERT(false); }
  void disarm(Timer&) override { LT_ASSERT(false); }
  void resolve(Resolution&, const HostPort&) override { LT_ASSERT(false); }

  void post(Task task) override;
  void run() override;
  void stop() override;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool stopped_ = false;
  std::thread thread_;
};

// Belongs to the loop's thread, but for the two `wait_` methods and the counters they read.
class FakeNode final : public Node {
 public:
  FakeNode();

  Status status() const override;
  CommandId execute(Command command, AnswerHandler handler) override;
  void abandon(CommandId id) override;

  // What `execute` answers at once; a drain answers only by `answer_drain`.
  Answer next_answer{.message = "done as told"};
  void answer_drain(Answer answer);
  std::function<void(const Command&)> on_execute;  // called first
  Status current;

  std::vector<Command> commands;
  std::vector<CommandId> abandoned;
  mutable int status_calls = 0;

 private:
  std::map<CommandId, AnswerHandler> drains_;
  CommandId last_ = 0;
};

// A node with one link "dr", one group "vm1" and one route "r0" with a channel.
[[nodiscard]] Status sample_status();
[[nodiscard]] Config sample_config();

}  // namespace longthrow::test
