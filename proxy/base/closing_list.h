// SPDX-License-Identifier: Apache-2.0
// io_uring may still write into an object that owns an operation in flight. So such an object is
// closed first, kept until no operation is in flight, and only then destroyed.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "longthrow/loop.h"

namespace longthrow {

class Closable {
 public:
  Closable() = default;
  Closable(const Closable&) = delete;
  Closable& operator=(const Closable&) = delete;
  virtual ~Closable() = default;
  // Nothing is in flight: the object may be destroyed.
  [[nodiscard]] virtual bool idle() const = 0;
};

// Keeps closed objects until they are idle. Every owner that is destroyed from one of its own
// handlers goes through here, so that no handler runs on in a destroyed object.
class ClosingList {
 public:
  explicit ClosingList(Loop& loop) : loop_(loop) { timer_.bind<&ClosingList::sweep>(this); }
  ~ClosingList() { loop_.disarm(timer_); }
  ClosingList(const ClosingList&) = delete;
  ClosingList& operator=(const ClosingList&) = delete;

  // REQUIRES: `closed` has been closed, so that it becomes idle by itself.
  void retire(std::unique_ptr<Closable> closed) {
    if (closed == nullptr) return;
    closing_.push_back(std::move(closed));
    if (!timer_.armed()) loop_.arm(timer_, loop_.now());
  }
  [[nodiscard]] bool empty() const { return closing_.empty(); }
  // REQUIRES: all are idle, or their loop has been killed (simulator).
  void clear() { closing_.clear(); }

 private:
  void sweep() {
    std::erase_if(closing_, [](const auto& closed) { return closed->idle(); });
    if (!closing_.empty()) loop_.arm(timer_, loop_.now() + std::chrono::milliseconds(5));
  }

  Loop& loop_;
  Timer timer_;
  std::vector<std::unique_ptr<Closable>> closing_;
};

}  // namespace longthrow
