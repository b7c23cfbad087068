// SPDX-License-Identifier: Apache-2.0
// The seam to the kernel: sockets, timers, name resolution and hand-over between threads.
//
// Three implementations: io_uring and epoll (proxy/io), and the simulated network (tests/sim). All
// methods but `post` and `stop` belong to the thread that calls `run`. Completions are delivered
// from `run`, never from inside the call that started the operation, so that a handler may start,
// cancel or close anything.
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "longthrow/bytes.h"
#include "longthrow/endpoint.h"
#include "longthrow/error.h"
#include "longthrow/operation.h"
#include "longthrow/socket_stats.h"
#include "longthrow/time.h"

namespace longthrow {

// A timer lives in its owner and is disarmed before it is destroyed (asserted). It fires once.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { LT_ASSERT(!armed_); }

  // `void Owner::f()` is called when the timer fires.
  template <auto kMethod, typename Owner>
  void bind(Owner* owner) {
    owner_ = owner;
    handler_ = [](void* self) { (static_cast<Owner*>(self)->*kMethod)(); };
  }
  [[nodiscard]] bool armed() const { return armed_; }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

  // For implementations of `Loop` only.
  void mark_armed(TimePoint deadline) {
    LT_ASSERT(handler_ != nullptr);
    armed_ = true;
    deadline_ = deadline;
  }
  void mark_disarmed() { armed_ = false; }
  void fire() {
    LT_ASSERT(armed_);
    armed_ = false;
    handler_(owner_);
  }
  std::uint64_t backend_tag = 0;  // scratch of the implementation while armed

 private:
  void* owner_ = nullptr;
  void (*handler_)(void*) = nullptr;
  TimePoint deadline_{};
  bool armed_ = false;
};

// A socket of a loop: a file descriptor, or a number of the simulated network. Plain value; whoever
// got it from `accept` or `connect` closes it exactly once with `Loop::close`.
struct Socket {
  int id = -1;
  [[nodiscard]] bool valid() const { return id >= 0; }
  friend bool operator==(const Socket&, const Socket&) = default;
};

// What a socket is for; the implementation sets its options (TCP_NODELAY and keep-alive
// everywhere).
enum class SocketUse : std::uint8_t {
  lane,  // WAN side: a small TCP_NOTSENT_LOWAT, the link's congestion control
  leg,   // inside: SO_LINGER {1, 0} from the start: a killed process sends RST, never FIN
};

struct ListenOptions {
  SocketUse use = SocketUse::leg;
  int backlog = 128;
  std::string congestion;  // TCP_CONGESTION, best effort; empty: the system's
};

struct ConnectOptions {
  SocketUse use = SocketUse::leg;
  std::optional<Endpoint> source;  // bound before connect; port 0: ephemeral
  std::string congestion;
};

enum class CloseMode : std::uint8_t {
  graceful,  // what is queued is still sent, then FIN (SO_LINGER off)
  reset,     // RST; what is queued is destroyed
};

// A name look-up in flight, pinned like an Operation; it completes with 0 or -errno/-EAGAIN.
struct Resolution {
  Operation operation;
  std::vector<Endpoint> endpoints;  // result, in the resolver's order
  std::string error;                // a sentence, when it failed
};

class Loop {
 public:
  using Task = std::move_only_function<void()>;

  virtual ~Loop() = default;

  // "io_uring", "epoll" or "sim".
  [[nodiscard]] virtual std::string_view name() const = 0;

  // The time at which the current turn of the loop began, and civil time.
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;

  // Binds with SO_REUSEADDR, even if the address does not exist yet (IP_FREEBIND), and listens.
  [[nodiscard]] virtual Result<Socket> listen(const Endpoint& local,
                                              const ListenOptions& options) = 0;
  [[nodiscard]] virtual Result<Endpoint> local_endpoint(Socket socket) const = 0;
  [[nodiscard]] virtual Result<Endpoint> remote_endpoint(Socket socket) const = 0;

  // Completes once for each connection, result = Socket id, until it is cancelled or fails; the
  // loop retries after transient failures (ECONNABORTED, EMFILE, ...), which do not end it.
  virtual void accept(Operation& op, Socket listener) = 0;
  // Opens a socket and connects it; `op` completes with 0 or -errno. The socket is the caller's.
  [[nodiscard]] virtual Result<Socket> connect(Operation& op, const Endpoint& remote,
                                               const ConnectOptions& options) = 0;
  // Completes with 0 when a receive would not block (data, end of stream or an error is there).
  // Needs no buffer, so idle sockets wait with this.
  virtual void wait_readable(Operation& op, Socket socket) = 0;
  // Receives 1..into.size() bytes; 0 is the end of the stream. At most one receive or wait_readable
  // in flight on a socket.
  virtual void receive(Operation& op, Socket socket, ByteSpan into) = 0;
  // Sends all of `pieces` (at most kSendPiecesMax; the array is copied, the bytes are not),
  // completes with the number of bytes: the sum, or less when the socket fails or is cancelled half
  // way. At most one send in flight on a socket.
  static constexpr std::size_t kSendPiecesMax = 64;
  virtual void send(Operation& op, Socket socket, std::span<const ByteView> pieces) = 0;
  // Asks that `op` complete soon. No effect when it is not in flight.
  virtual void cancel(Operation& op) = 0;

  // Half-close: FIN after what is queued. May be called only with no send in flight. False: the
  // connection is dead already, and no FIN is in its queue; the next receive says so.
  virtual bool shutdown_send(Socket socket) = 0;
  // Ends the socket: a reset is sent now; operations in flight complete with -ECANCELED (later,
  // from `run`), and only then is the descriptor closed. The Socket value is dead after this call.
  virtual void close(Socket socket, CloseMode mode) = 0;
  // Cheap enough for a few calls a second on each socket, not for a call on each packet.
  [[nodiscard]] virtual SocketStats stats(Socket socket) const = 0;
  // Limits the rate at which the kernel sends, evenly spaced (SO_MAX_PACING_RATE); 0: no limit.
  virtual void set_pacing_rate(Socket socket, std::uint64_t bytes_s) = 0;

  // Re-arming an armed timer moves it. A deadline in the past fires in the next turn.
  virtual void arm(Timer& timer, TimePoint deadline) = 0;
  virtual void disarm(Timer& timer) = 0;

  // Looks `name` up on another thread. A numeric host completes, too.
  virtual void resolve(Resolution& resolution, const HostPort& name) = 0;

  // Runs `task` on the loop's thread, in the order of posting. Thread-safe. Tasks posted after the
  // end of `run` are destroyed unrun.
  virtual void post(Task task) = 0;

  // Runs until `stop`. `stop` is thread-safe and async-signal-unsafe.
  virtual void run() = 0;
  virtual void stop() = 0;
};

}  // namespace longthrow
