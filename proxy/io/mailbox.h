// SPDX-License-Identifier: Apache-2.0
// Tasks from other threads to a loop, with the eventfd that wakes it. `post` and `wake` are
// thread-safe; the rest belongs to the loop's thread. The mailbox has no
// limit: each poster limits its own outstanding tasks.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "longthrow/loop.h"

namespace longthrow {

class Mailbox {
 public:
  Mailbox() = default;
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Makes the eventfd. Called once, before anything else.
  [[nodiscard]] Result<void> open();
  [[nodiscard]] int fd() const { return fd_; }

  void post(Loop::Task task);
  void wake();

  [[nodiscard]] bool signalled() const { return signalled_.load(std::memory_order_acquire); }
  // Reads the eventfd empty, after the loop saw that it was readable.
  void clear_readiness();
  // Moves all posted tasks, in order, into `tasks` (empty before).
  void take(std::vector<Loop::Task>& tasks);

 private:
  int fd_ = -1;
  std::mutex mutex_;
  std::vector<Loop::Task> tasks_;  // guarded by mutex_
  std::atomic<bool> signalled_{
      false};  // written under mutex_: the eventfd was written since `take`
};

}  // namespace longthrow
