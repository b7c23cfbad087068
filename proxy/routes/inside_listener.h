// SPDX-License-Identifier: Apache-2.0
// The listener to which the local replication software connects.
#pragma once

#include <functional>

#include "longthrow/loop.h"
#include "proxy/base/closing_list.h"

namespace longthrow {

// `on_leg` gets each accepted socket, and owns it.
class InsideListener final : public Closable {
 public:
  InsideListener(Loop& loop, std::function<void(Socket)> on_leg)
      : loop_(loop), on_leg_(std::move(on_leg)) {
    accept_.bind<&InsideListener::on_accepted>(this);
  }
  ~InsideListener() override { close(); }
  [[nodiscard]] Result<void> open(const Endpoint& local) {
    const auto listener = loop_.listen(local, {.use = SocketUse::leg});
    if (!listener) return std::unexpected(listener.error());
    listener_ = *listener;
    loop_.accept(accept_, listener_);
    return {};
  }
  // Connections in the kernel's queue are reset. Their software sees a refusal and tries again.
  void close() {
    if (listener_.valid()) loop_.close(listener_, CloseMode::reset);
    listener_ = Socket{};
  }
  [[nodiscard]] bool idle() const override { return !listener_.valid() && !accept_.in_flight(); }

 private:
  void on_accepted(int result) {
    if (result < 0) return;
    if (listener_.valid()) {
      on_leg_(Socket{result});
    } else {
      loop_.close(Socket{result}, CloseMode::reset);
    }
  }

  Loop& loop_;
  std::function<void(Socket)> on_leg_;
  Socket listener_;
  Operation accept_;
};

}  // namespace longthrow
