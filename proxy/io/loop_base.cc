// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/loop_base.h"

#include <time.h>

#include <algorithm>

namespace longthrow {
namespace {

// Marks the tag of an operation that is a look-up; the others carry descriptor and direction.
constexpr std::uint64_t kResolutionTag = std::uint64_t{1} << 63;

TimePoint read_clock() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
}

}  // namespace

LoopBase::LoopBase(Blocking blocking)
    : blocking_(blocking),
      now_(read_clock()),
      resolver_(mailbox_, [this](LookUp found) { answered(std::move(found)); }) {
  lingering_timer_.bind<&LoopBase::look_after_lingering>(this);
  accept_timer_.bind<&LoopBase::resume_accepts>(this);
}

WallTime LoopBase::wall_now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

void LoopBase::run() {
  LT_ASSERT(!running_);
  running_ = true;
  while (!stopping_.exchange(false, std::memory_order_acq_rel)) turn();
  running_ = false;
}

void LoopBase::stop() {
  stopping_.store(true, std::memory_order_release);
  mailbox_.wake();
}

void LoopBase::turn() {
  wait(patience());
  now_ = read_clock();
  run_tasks();
  dispatch();
  timers_.fire_due(now_);
}

std::optional<Duration> LoopBase::patience() const {
  if (!completions_.empty() || mailbox_.signalled()) return Duration(0);
  const auto next = timers_.next();
  if (!next || *next == kNever) return std::nullopt;
  return std::max(Duration(0), *next - read_clock());
}

void LoopBase::run_tasks() {
  if (!mailbox_.signalled()) return;
  mailbox_.take(tasks_);
  for (Task& task : tasks_) {
    task();
    task = nullptr;
  }
  tasks_.clear();
}

void LoopBase::dispatch() {
  batch_.swap(completions_);
  for (const Completion& completion : batch_) deliver(completion);
  batch_.clear();
}

// Before the handler runs the slot is freed and a closed socket is gone, so that the handler may
// start a new operation.
void LoopBase::deliver(const Completion& completion) {
  if (completion.fd >= 0) {
    SocketEntry& entry = sockets_[static_cast<std::size_t>(completion.fd)];
    Slot& slot = entry.slot(completion.direction);
    LT_ASSERT(entry.open && slot.op == completion.op);
    if (completion.more) {
      const Socket socket{completion.result};
      if (slot.cancelled) return close(socket, CloseMode::reset);  // nobody waits for it any more
      return completion.op->complete(completion.result, Operation::After::goes_on);
    }
    slot = Slot{};
    if (entry.closing && entry.idle()) finish_close(entry);
  }
  --operations_;
  completion.op->complete(completion.result);
}

void LoopBase::cancel(Operation& op) {
  if (!op.in_flight()) return;
  if ((op.backend_tag & kResolutionTag) != 0) {
    const auto found = resolutions_.find(op.backend_tag & ~kResolutionTag);
    if (found == resolutions_.end()) return;  // its completion is queued
    found->second->error = "cancelled";
    resolutions_.erase(found);
    completions_.push_back({.op = &op, .result = -ECANCELED});
    return;
  }
  SocketEntry& entry = sockets_.at(op.backend_tag >> 1);
  const Direction direction = (op.backend_tag & 1) != 0 ? Direction::write : Direction::read;
  LT_ASSERT(entry.slot(direction).op == &op);
  cancel_slot(entry, direction);
}

void LoopBase::resolve(Resolution& resolution, const HostPort& name) {
  Operation& op = resolution.operation;
  op.mark_started();
  ++operations_;
  resolution.endpoints.clear();
  resolution.error.clear();
  op.backend_tag = kResolutionTag | ++resolution_id_;
  if (tearing_down_) {
    completions_.push_back({.op = &op, .result = -ECANCELED});
  } else if (auto numeric = parse_endpoint(to_string(name))) {
    resolution.endpoints.push_back(*numeric);
    completions_.push_back({.op = &op, .result = 0});
  } else {
    resolutions_.emplace(resolution_id_, &resolution);
    resolver_.ask(resolution_id_, name);
  }
}

void LoopBase::answered(LookUp found) {
  const auto entry = resolutions_.find(found.id);
  if (entry == resolutions_.end()) return;  // cancelled meanwhile
  Resolution& resolution = *entry->second;
  resolutions_.erase(entry);
  resolution.endpoints = std::move(found.endpoints);
  resolution.error = std::move(found.error);
  completions_.push_back({.op = &resolution.operation, .result = found.result});
}

void LoopBase::look_after_lingering() {
  if (const auto next = lingering_.poll(now_)) timers_.arm(lingering_timer_, *next);
}

void LoopBase::cancel_all() {
  for (SocketEntry& entry : sockets_) {
    if (!entry.open) continue;
    for (const Direction direction : {Direction::read, Direction::write}) {
      if (entry.slot(direction).cancelled && entry.slot(direction).phase == Phase::waiting) {
        cancel_waiting(entry, direction);  // again: the first cancel may have missed it
      }
      cancel_slot(entry, direction);
    }
  }
}

void LoopBase::tear_down() {
  constexpr int kTurnsMax = 10'000;  // handlers that start again and again would never end
  constexpr Duration kCancelAgain = std::chrono::milliseconds(5);
  tearing_down_ = true;
  timers_.disarm_all();
  for (auto& [id, resolution] : resolutions_) {
    completions_.push_back({.op = &resolution->operation, .result = -ECANCELED});
  }
  resolutions_.clear();
  for (int turns = 0; in_flight_left(); ++turns) {
    LT_ASSERT(turns < kTurnsMax);
    cancel_all();
    wait(completions_.empty() ? kCancelAgain : Duration(0));
    dispatch();
    timers_.disarm_all();
  }
  for (SocketEntry& entry : sockets_) {
    if (!entry.open) continue;
    entry.close_mode = entry.use == SocketUse::leg ? CloseMode::reset : CloseMode::graceful;
    finish_close(entry);
  }
  timers_.disarm_all();
}

}  // namespace longthrow
