// SPDX-License-Identifier: Apache-2.0
// An operation of a loop, and who is told of its completion.
#pragma once

#include <concepts>
#include <cstdint>

#include "longthrow/error.h"

namespace longthrow {

// Owns operations, or has parts that do, and may only be destroyed when none is in flight.
class CompletionWatcher {
 public:
  // One of them has completed, and its handler has returned.
  virtual void on_completion() = 0;

 protected:
  ~CompletionWatcher() = default;
};

// One operation in flight. It lives in its owner and is pinned: neither moved nor destroyed while
// `in_flight()` (asserted). The buffers given with it must live until it completes, also when it is
// cancelled: a cancelled operation still completes, with -ECANCELED or with what it had done.
class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation() { LT_ASSERT(!in_flight_); }

  // Says which method of `owner` is called on completion: `void Owner::f(int result)`, where
  // `result` is >= 0 on success and a negative errno on failure. `watcher` outlives the handler.
  template <auto kMethod, typename Owner>
  void bind(Owner* owner, CompletionWatcher* watcher) {
    owner_ = owner;
    handler_ = [](void* self, int result) { (static_cast<Owner*>(self)->*kMethod)(result); };
    watcher_ = watcher;
  }
  // An owner that is a watcher watches its own.
  template <auto kMethod, typename Owner>
  void bind(Owner* owner) {
    if constexpr (std::derived_from<Owner, CompletionWatcher>) {
      bind<kMethod>(owner, owner);
    } else {
      bind<kMethod>(owner, nullptr);
    }
  }
  [[nodiscard]] bool in_flight() const { return in_flight_; }

  // For implementations of `Loop` only.
  void mark_started() {
    LT_ASSERT(handler_ != nullptr && !in_flight_);
    in_flight_ = true;
  }
  enum class After : std::uint8_t {
    over,
    goes_on,  // it will complete again (multishot accept)
  };
  void complete(int result, After after = After::over) {
    LT_ASSERT(in_flight_);
    in_flight_ = after == After::goes_on;
    CompletionWatcher* const watcher = watcher_;  // the handler may destroy the operation
    handler_(owner_, result);
    if (watcher != nullptr) watcher->on_completion();
  }
  void* backend = nullptr;        // scratch of the implementation while in flight
  std::uint64_t backend_tag = 0;  // likewise

 private:
  void* owner_ = nullptr;
  void (*handler_)(void*, int) = nullptr;
  CompletionWatcher* watcher_ = nullptr;
  bool in_flight_ = false;
};

}  // namespace longthrow
