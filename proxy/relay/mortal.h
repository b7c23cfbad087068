// SPDX-License-Identifier: Apache-2.0
// Objects that own operations in flight cannot be destroyed at once: they are closed, join what is
// in flight, and are destroyed when they are idle.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "longthrow/loop.h"

namespace longthrow {

class Mortal {
 public:
  Mortal() = default;
  Mortal(const Mortal&) = delete;
  Mortal& operator=(const Mortal&) = delete;
  virtual ~Mortal() = default;
  // Nothing is in flight: it may be destroyed.
  [[nodiscard]] virtual bool idle() const = 0;
};

// Keeps the closed ones until they are idle. Every owner that is destroyed from a handler of its
// own goes through here, so that no handler runs on in a destroyed object.
class Graveyard {
 public:
  explicit Graveyard(Loop& loop) : loop_(loop) { timer_.bind<&Graveyard::sweep>(this); }
  ~Graveyard() { loop_.disarm(timer_); }
  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;

  // REQUIRES: `mortal` has been closed, so that it becomes idle by itself.
  void bury(std::unique_ptr<Mortal> mortal) {
    if (mortal == nullptr) return;
    dying_.push_back(std::move(mortal));
    if (!timer_.armed()) loop_.arm(timer_, loop_.now());
  }
  [[nodiscard]] bool empty() const { return dying_.empty(); }
  // REQUIRES: all are idle, or their loop has been killed (simulator).
  void clear() { dying_.clear(); }

 private:
  void sweep() {
    std::erase_if(dying_, [](const auto& mortal) { return mortal->idle(); });
    if (!dying_.empty()) loop_.arm(timer_, loop_.now() + std::chrono::milliseconds(5));
  }

  Loop& loop_;
  Timer timer_;
  std::vector<std::unique_ptr<Mortal>> dying_;
};

}  // namespace longthrow
