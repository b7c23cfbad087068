// SPDX-License-Identifier: Apache-2.0
// io_uring may still write into an object that owns an operation in flight. So such an object is
// closed first, kept until the last of its operations has completed, and only then destroyed.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "longthrow/loop.h"

namespace longthrow {

class Closable;

class ClosableOwner {
 public:
  // Nothing of `closed` is in flight any more. Perhaps its own handler is still running, and its
  // caller's: the owner destroys it in a later turn of the loop.
  virtual void on_joined(Closable& closed) = 0;

 protected:
  ~ClosableOwner() = default;
};

// Its operations, and those of its parts, are bound with it as their watcher.
class Closable : public CompletionWatcher {
 public:
  Closable() = default;
  Closable(const Closable&) = delete;
  Closable& operator=(const Closable&) = delete;
  virtual ~Closable() = default;
  // It is closed and nothing is in flight: it may be destroyed.
  [[nodiscard]] virtual bool idle() const = 0;
  // Tells `owner`, and nobody else, once; before it returns if it is idle already.
  void tell_when_idle(ClosableOwner& owner) {
    owner_ = &owner;
    tell_if_idle();
  }
  void on_completion() final { tell_if_idle(); }

 protected:
  // To be called by whatever else than a completion makes it idle.
  void tell_if_idle() {
    if (owner_ != nullptr && idle()) std::exchange(owner_, nullptr)->on_joined(*this);
  }

 private:
  ClosableOwner* owner_ = nullptr;
};

// Keeps closed objects until they are idle. Every owner that is destroyed from one of its own
// handlers goes through here, so that no handler runs on in a destroyed object.
template <typename T>
class ClosingListOf final : private ClosableOwner {
 public:
  // `on_empty` is called when the last one has been destroyed.
  explicit ClosingListOf(Loop& loop, std::function<void()> on_empty = nullptr)
      : loop_(loop), on_empty_(std::move(on_empty)) {
    timer_.bind<&ClosingListOf::destroy_idle>(this);
  }
  ~ClosingListOf() { loop_.disarm(timer_); }
  ClosingListOf(const ClosingListOf&) = delete;
  ClosingListOf& operator=(const ClosingListOf&) = delete;

  // REQUIRES: `closed` has been closed, so that it becomes idle by itself.
  void retire(std::unique_ptr<T> closed) {
    if (closed == nullptr) return;
    T& kept = *closed;
    closing_.push_back(std::move(closed));
    kept.tell_when_idle(*this);
  }
  // Oldest first.
  [[nodiscard]] const std::vector<std::unique_ptr<T>>& all() const { return closing_; }
  [[nodiscard]] bool empty() const { return closing_.empty(); }
  // The oldest one, to be retired elsewhere. REQUIRES: it is not empty.
  [[nodiscard]] std::unique_ptr<T> take_oldest() {
    std::unique_ptr<T> oldest = std::move(closing_.front());
    closing_.erase(closing_.begin());
    return oldest;
  }
  // REQUIRES: all are idle, or their loop has been killed (simulator).
  void clear() { closing_.clear(); }

 private:
  void on_joined(Closable&) override {
    if (!timer_.armed()) loop_.arm(timer_, loop_.now());
  }
  // What is destroyed may retire others.
  void destroy_idle() {
    const auto is_idle = [](const auto& closed) { return closed->idle(); };
    const auto idle = std::ranges::stable_partition(closing_, std::not_fn(is_idle));
    std::vector<std::unique_ptr<T>> gone(std::make_move_iterator(idle.begin()),
                                         std::make_move_iterator(idle.end()));
    closing_.erase(idle.begin(), idle.end());
    gone.clear();
    if (closing_.empty() && on_empty_) on_empty_();
  }

  Loop& loop_;
  std::function<void()> on_empty_;
  Timer timer_;
  std::vector<std::unique_ptr<T>> closing_;
};
using ClosingList = ClosingListOf<Closable>;

}  // namespace longthrow
