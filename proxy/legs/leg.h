// SPDX-License-Identifier: Apache-2.0
// The local socket of a channel: how it is made, and what the kernel says of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "longthrow/loop.h"
#include "longthrow/losses.h"

namespace longthrow {

// Called by a leg, on the loop's thread.
class LegOwner {
 public:
  virtual ~LegOwner() = default;
  virtual void on_leg_open() = 0;
  // No address of the target could be reached. The owner must close the leg.
  virtual void on_leg_failed(const LossCause& cause) = 0;
};

// Belongs to the loop's thread. idle() covers the leg's own operations, of which `watcher` is told;
// receives and sends belong to those who start them.
class Leg {
 public:
  static constexpr Duration kConnectTimeout = std::chrono::seconds(10);

  Leg(Loop& loop, LegOwner& owner, CompletionWatcher& watcher);
  ~Leg();
  Leg(const Leg&) = delete;
  Leg& operator=(const Leg&) = delete;

  // A leg either adopts a socket that was accepted here ...
  void adopt(Socket socket);
  // ... or connects to `target`, trying its addresses in turn. It binds to `source`; or, without
  // one, to `usual_source` where that can reach the address.
  struct Connect {
    HostPort target;
    std::optional<Endpoint> source;
    std::optional<Endpoint> usual_source;
  };
  void connect(Connect what);
  void close(CloseMode mode);

  [[nodiscard]] bool connecting() const { return state_ == State::connecting; }
  [[nodiscard]] bool open() const { return state_ == State::open; }
  [[nodiscard]] bool closed() const { return state_ == State::closed; }
  [[nodiscard]] bool idle() const { return !connect_.in_flight() && !resolving_; }

  // --- REQUIRES: open()
  void wait_readable(Operation& operation) { loop_.wait_readable(operation, socket_); }
  void receive(Operation& operation, ByteSpan space) { loop_.receive(operation, socket_, space); }
  void send(Operation& operation, std::span<const ByteView> pieces) {
    loop_.send(operation, socket_, pieces);
  }
  // False: the kernel has queued no FIN, because the connection is reset already.
  [[nodiscard]] bool shutdown_send() { return loop_.shutdown_send(socket_); }
  [[nodiscard]] SocketStats stats() const { return loop_.stats(socket_); }

  // As text; "": there is none yet.
  // The leg's own address, and that of its program; none: it is not open.
  [[nodiscard]] std::optional<std::pair<Endpoint, Endpoint>> ends() const;
  [[nodiscard]] std::string local() const;
  [[nodiscard]] std::string remote() const;

 private:
  enum class State : std::uint8_t { connecting, open, closed };

  void set_open();
  void connect_next();
  void on_resolved(int result);
  void on_connected(int result);
  void on_timeout();

  Loop& loop_;
  LegOwner& owner_;
  State state_ = State::connecting;
  Socket socket_;
  Operation connect_;
  Connect what_;
  Resolution resolution_;
  bool resolving_ = false;
  std::vector<Endpoint> addresses_;
  std::size_t next_address_ = 0;
  std::string last_failure_;
  Timer timeout_;
};

}  // namespace longthrow
