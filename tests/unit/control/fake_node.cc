// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/control/fake_node.h"

#include <future>
#include <utility>

namespace longthrow::test {

void TaskLoop::call(std::function<void()> task) {
  std::promise<void> done;
  post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

void TaskLoop::post(Task task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.notify_one();
}

void TaskLoop::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
    if (stopped_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

void TaskLoop::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_one();
}

FakeNode::FakeNode() : current(sample_status()) {}

Status FakeNode::status() const {
  ++status_calls;
  return current;
}

Node::CommandId FakeNode::execute(Command command, AnswerHandler handler) {
  if (on_execute) on_execute(command);
  const bool drain = std::holds_alternative<Drain>(command);
  commands.push_back(std::move(command));
  const CommandId id = ++last_;
  if (drain) {
    drains_[id] = std::move(handler);
  } else {
    handler(next_answer);
  }
  return id;
}

void FakeNode::abandon(CommandId id) {
  abandoned.push_back(id);
  drains_.erase(id);
}

void FakeNode::answer_drain(Answer answer) {
  LT_ASSERT(!drains_.empty());
  const auto newest = std::prev(drains_.end());
  const AnswerHandler handler = newest->second;
  if (answer.done) drains_.erase(newest);
  handler(std::move(answer));
}

Status sample_status() {
  Status status{.node = "alpha", .version = "1.2.3", .uptime_s = 90061.0, .io = "epoll"};
  status.io_reason = "forbidden by sysctl";
  LinkStatus& link = status.links["dr"];
  link.state = LinkState::up;
  link.peer = "beta";
  link.rtt_ms = 80.1;
  link.lanes.resize(2);
  link.buffer.used_bytes = 3 * kMiB;
  link.buffer.raw_bytes = 9 * kMiB;
  link.buffer.limit_bytes = kGiB;
  link.lag = {.bytes = 9 * kMiB, .seconds = 1.5};
  link.limited_by = Limit::wan;
  link.compression.setting = "auto";
  link.compression.codec = "zstd:3";
  link.compression.ratio = 3.0;
  link.reconnects = 2;
  GroupStatus& group = status.groups["vm1"];
  group.link = "dr";
  group.lag = link.lag;
  group.inbound.proof = Proof::source;
  group.inbound.as_of = WallTime(std::chrono::milliseconds(1769860867300));
  group.inbound.age_s = 0.2;
  group.notices = {{.what = NoticeKind::held,
                    .where = Side::peer,
                    .since = WallTime(std::chrono::seconds(1769860800)),
                    .by = "`longthrow drain vm1 --hold`"}};
  status.losses = {.since = WallTime(std::chrono::seconds(1769000000)),
                   .losses = 2,
                   .bytes = 7 * kMiB,
                   .last = Loss{.number = 2,
                                .at = WallTime(std::chrono::seconds(1769860000)),
                                .link = "dr",
                                .group = "vm1",
                                .route = "r0",
                                .reason = LossReason::session_timeout,
                                .channels = 1,
                                .bytes = 5 * kMiB,
                                .text = "the link was down for longer than session_timeout"}};
  status.losses.counts.push_back({.link = "dr",
                                  .group = "vm1",
                                  .reason = LossReason::session_timeout,
                                  .losses = 1,
                                  .bytes = 5 * kMiB});
  RouteStatus& route = status.routes["r0"];
  route.group = "vm1";
  route.link = "dr";
  route.state = RouteState::open;
  route.channels_open = 1;
  route.channels_total = 7;
  route.channels.push_back({.id = 17, .state = ChannelState::open, .in_bytes = 5});
  route.drbd =
      DrbdStatus{.paired = true, .lag_s = 0.5, .barriers_open = 2, .sent = {}, .received = {}};
  route.drbd->sent.barriers = 12;
  route.drbd->sent.volumes[1] = {.writes = 40, .write_bytes = 163840, .resync_bytes = 0};
  return status;
}

Config sample_config() {
  Config config;
  config.node.name = "alpha";
  LinkConfig& link = config.links["dr"];
  link.memlimit = kGiB;
  link.tls = NoTls{};
  config.routes["r0"] = {.link = "dr", .group = "vm1"};
  config.groups["vm1"] = {};
  return config;
}

}  // namespace longthrow::test
