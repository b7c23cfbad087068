// SPDX-License-Identifier: Apache-2.0
// What the two backends share: the turn of the loop, the table of sockets, the queue of
// completions, timers, posted tasks, name look-ups, and the way a socket is closed.
//
// A turn: wait (the backend submits and harvests), then posted tasks, completions, timers. The
// backend only ever queues completions; handlers run from `dispatch`, so a handler is never called
// from inside a call of its own. What a handler starts completes in a later turn at the earliest;
// one operation of each socket completes per turn, which is what keeps the sockets fair.
//
// Teardown is: cancel what is in flight, wait until the socket is idle, close. The descriptor's
// number is free only then, and so is the entry in the table.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "longthrow/loop.h"
#include "proxy/io/lingering.h"
#include "proxy/io/mailbox.h"
#include "proxy/io/resolver.h"
#include "proxy/io/socket_entry.h"
#include "proxy/io/timer_queue.h"

namespace longthrow {

class LoopBase : public Loop {
 public:
  [[nodiscard]] TimePoint now() const final { return now_; }
  [[nodiscard]] WallTime wall_now() const final;
  [[nodiscard]] Result<Socket> listen(const Endpoint& local, const ListenOptions& options) final;
  [[nodiscard]] Result<Endpoint> local_endpoint(Socket socket) const final;
  [[nodiscard]] Result<Endpoint> remote_endpoint(Socket socket) const final;
  void accept(Operation& op, Socket listener) final;
  [[nodiscard]] Result<Socket> connect(Operation& op, const Endpoint& remote,
                                       const ConnectOptions& options) final;
  void wait_readable(Operation& op, Socket socket) final;
  void receive(Operation& op, Socket socket, ByteSpan into) final;
  void send(Operation& op, Socket socket, std::span<const ByteView> pieces) final;
  void cancel(Operation& op) final;
  bool shutdown_send(Socket socket) final;
  void close(Socket socket, CloseMode mode) final;
  [[nodiscard]] SocketStats stats(Socket socket) const final;
  void set_pacing_rate(Socket socket, std::uint64_t bytes_s) final;
  void arm(Timer& timer, TimePoint deadline) final { timers_.arm(timer, deadline); }
  void disarm(Timer& timer) final { timers_.disarm(timer); }
  void resolve(Resolution& resolution, const HostPort& name) final;
  void post(Task task) final { mailbox_.post(std::move(task)); }
  void run() final;
  void stop() final;

 protected:
  explicit LoopBase(Blocking blocking);

  // The part of the set-up that can fail. Called once, by the backend's factory.
  [[nodiscard]] Result<void> open() { return mailbox_.open(); }
  // Called by the backend's destructor, while it can still cancel and wait: operations in flight
  // complete with -ECANCELED (handlers run), timers are disarmed, sockets that were left are
  // closed.
  void tear_down();

  // The backend's part. `start` begins the slot's operation or tries it again; `cancel_waiting`
  // makes a waiting slot complete soon. `wait` takes at most `timeout` (none: until something
  // happens).
  [[nodiscard]] virtual bool attach(SocketEntry&) {
    return true;
  }  // accepted or listening, not connecting
  virtual void detach(SocketEntry&) {}  // before the descriptor is closed
  virtual void start(SocketEntry& entry, Direction direction) = 0;
  virtual void cancel_waiting(SocketEntry& entry, Direction direction) = 0;
  virtual void wait(std::optional<Duration> timeout) = 0;

  // Called by the backend with the kernel's result for a waiting slot: as the system call returns
  // it, a negative errno on failure. May start the slot again (the rest of a send, a paused
  // accept).
  void finished(SocketEntry& entry, Direction direction, int result);
  // Called by the backend with a new connection of an accept that goes on.
  void accepted(SocketEntry& listener, int fd);

  [[nodiscard]] SocketEntry* find(int fd, std::uint32_t generation);
  [[nodiscard]] Mailbox& mailbox() { return mailbox_; }

 private:
  struct Completion {
    Operation* op;
    int result;
    bool more = false;
    int fd = -1;  // -1: not of a socket
    Direction direction = Direction::read;
  };

  [[nodiscard]] SocketEntry& entry_of(Socket socket);
  [[nodiscard]] const SocketEntry& entry_of(Socket socket) const;
  Result<Socket> adopt(int fd, SocketUse use);
  void begin(SocketEntry& entry, Direction direction, Operation& op, Activity activity);
  void queue(SocketEntry& entry, Direction direction, int result);
  void cancel_slot(SocketEntry& entry, Direction direction);
  void cancel_all();
  void finish_close(SocketEntry& entry);
  [[nodiscard]] int received(SocketEntry& entry, int result) const;
  void send_progressed(SocketEntry& entry, int result);
  void accept_ended(SocketEntry& entry, int result);
  void warn_of_accepts(const char* reason, const char* consequence);
  void resume_accepts();
  void look_after_lingering();
  void answered(LookUp found);

  void turn();
  void run_tasks();
  void dispatch();
  void deliver(const Completion& completion);
  [[nodiscard]] std::optional<Duration> patience() const;
  [[nodiscard]] bool in_flight_left() const { return operations_ != 0; }

  const Blocking blocking_;
  Mailbox mailbox_;
  TimerQueue timers_;
  Lingering lingering_;
  Timer lingering_timer_;
  Timer accept_timer_;
  TimePoint accept_warned_ = TimePoint::min();
  std::deque<SocketEntry> sockets_;  // by descriptor number; addresses are stable
  std::uint32_t generation_ = 0;
  std::vector<Completion> completions_;
  std::vector<Completion> batch_;  // the ones being delivered
  std::vector<Task> tasks_;        // likewise
  std::map<std::uint64_t, Resolution*> resolutions_;
  std::uint64_t resolution_id_ = 0;
  std::size_t operations_ = 0;  // in flight, of all kinds
  TimePoint now_;
  std::atomic<bool> stopping_{false};
  bool running_ = false;
  bool tearing_down_ = false;
  Resolver resolver_;  // last: it is destroyed first, and answers through the others
};

}  // namespace longthrow
