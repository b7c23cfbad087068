// SPDX-License-Identifier: Apache-2.0
// A Loop on the simulated network: one process of one host. Everything behind the seam runs
// unchanged.
//
// It behaves like the strictest mixture of the real loops: what is ready is gathered into turns;
// within a turn completions come in random order (but tasks in order of posting, timers by
// deadline, connections as accepted); a receive or send is sometimes done when it is submitted, so
// that a cancel comes too late, and sometimes in the turn itself. An error that a send has taken is
// said again to the receive, but on a lane a send that was partly done may swallow it (MSG_WAITALL
// does), and the receive sees 0. A graceful close lingers: it sends FIN, discards what the peer
// still says, and closes when that can lose nothing any more, as the real loops do.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/loop.h"
#include "tests/sim/network.h"

namespace longthrow::sim {

// Names that `resolve` knows, and how well that works. Outlives the loops that use it.
struct NameTable {
  std::map<std::string, std::vector<Endpoint>> names;
  double failure_ratio = 0;  // temporary failures
  Duration delay_max = std::chrono::milliseconds(5);
};

enum class Death {
  process,  // kill -9: the kernel ends its sockets, legs by RST, lanes by FIN
  machine,  // power: all sockets of the host vanish without a packet; see SimNetwork::power_off
};

struct SimLoopOptions {
  Duration turn_delay_max = std::chrono::microseconds(50);
  Duration timer_slack_max = std::chrono::milliseconds(1);
  double eager_ratio = 0.5;  // operations tried when submitted, not in the turn
  Duration clock_offset{0};  // of this host's monotonic clock
  Duration wall_offset{0};   // of its civil time
  const NameTable* names = nullptr;
};

class SimLoop final : public Loop, private SocketWatcher {
 public:
  // `name` selects the random stream; give each start of a process its own.
  SimLoop(SimNetwork& network, HostId host, const std::string& name, SimLoopOptions options = {});
  ~SimLoop();

  // Ends the process without a word to its program: operations and timers are taken out of flight
  // silently and tasks destroyed, so that their owners can be destroyed next. Calls of those owners
  // to close, cancel and disarm are then ignored. For a restart, make another SimLoop.
  void kill(Death death);
  [[nodiscard]] bool alive() const { return alive_; }
  // The process does not get to run until then (a stop signal, a starved CPU); the network goes on.
  void stall(TimePoint until) { stalled_until_ = std::max(stalled_until_, until); }
  // This host's civil clock is set, by so much; the monotonic one goes on.
  void jump_wall(Duration by) { wall_jump_ += by; }
  // Operations in flight, armed timers and open sockets: for leak checks.
  [[nodiscard]] std::size_t operations_in_flight() const;
  // What receives have taken of which the process does not know yet.
  [[nodiscard]] std::uint64_t unreaped_bytes() const;
  // What legs have sent that is not acknowledged, or of which the process does not know.
  [[nodiscard]] std::uint64_t uncertain_leg_bytes() const;
  [[nodiscard]] std::size_t timers_armed() const { return timers_.size(); }
  [[nodiscard]] std::size_t sockets_open() const { return sockets_.size(); }
  [[nodiscard]] std::size_t sockets_lingering() const { return lingering_.size(); }
  [[nodiscard]] HostId host() const { return host_; }
  // The simulated socket behind one of this loop's, 0 if it is not open.
  [[nodiscard]] NetId net_id(Socket socket) const;

  [[nodiscard]] std::string_view name() const override { return "sim"; }
  [[nodiscard]] TimePoint now() const override { return world_.now() + options_.clock_offset; }
  [[nodiscard]] WallTime wall_now() const override;
  [[nodiscard]] Result<Socket> listen(const Endpoint& local, const ListenOptions& options) override;
  [[nodiscard]] Result<Endpoint> local_endpoint(Socket socket) const override;
  [[nodiscard]] Result<Endpoint> remote_endpoint(Socket socket) const override;
  void accept(Operation& op, Socket listener) override;
  [[nodiscard]] Result<Socket> connect(Operation& op, const Endpoint& remote,
                                       const ConnectOptions& options) override;
  void wait_readable(Operation& op, Socket socket) override;
  void receive(Operation& op, Socket socket, ByteSpan into) override;
  void send(Operation& op, Socket socket, std::span<const ByteView> pieces) override;
  void cancel(Operation& op) override;
  bool shutdown_send(Socket socket) override;
  void close(Socket socket, CloseMode mode) override;
  [[nodiscard]] SocketStats stats(Socket socket) const override;
  void set_pacing_rate(Socket, std::uint64_t) override {
  }  // its links have no queue that others share
  void arm(Timer& timer, TimePoint deadline) override;
  void disarm(Timer& timer) override;
  void resolve(Resolution& resolution, const HostPort& name) override;
  void post(Task task) override;
  // Drives the whole world until `stop`.
  void run() override;
  void stop() override { running_ = false; }

 private:
  enum class Kind : std::uint8_t { none, accept, connect, readable, receive, send };
  struct Slot {  // one operation of a socket
    Kind kind = Kind::none;
    Operation* op = nullptr;
    bool queued = false;   // an attempt or the result is in ready_
    bool decided = false;  // the result is in ready_
    ByteSpan into;
    std::vector<ByteView> pieces;
    std::size_t piece = 0;
    std::size_t piece_sent = 0;
    std::size_t sent = 0;
  };
  struct Open {
    NetId net = kNoNet;  // kNoNet: it was reset
    bool listener = false;
    SocketUse use = SocketUse::leg;
    int send_error = 0;  // which a send was told of
    bool closing = false;
    CloseMode mode = CloseMode::reset;
    Slot in;   // accept, readable, receive
    Slot out;  // connect, send
  };
  struct Looking {  // a resolution in flight
    Resolution* resolution = nullptr;
    EventId event;
    std::vector<Endpoint> found;
    std::string error;
    bool decided = false;
  };
  struct Armed {
    Timer* timer = nullptr;
    EventId event;
  };
  struct Ready {
    enum class What : std::uint8_t { attempt, result, accepted, looked_up, timer, task } what;
    int socket = -1;
    bool out = false;
    int result = 0;
    std::uint64_t id = 0;  // of the timer or resolution
    std::uint64_t order = 0;
    Task task;
  };

  void on_ready(NetId socket, unsigned readiness) override;
  [[nodiscard]] Open& open_socket(Socket socket);
  [[nodiscard]] const Open* find(Socket socket) const;
  Socket add_socket(NetId net, bool listener, SocketUse use);
  Slot& start(Operation& op, int socket, Kind kind, bool out);
  void submit(int socket, bool out);
  void attempt_later(int socket, bool out);
  // Tries to make progress; decides the result when there is one.
  void attempt(int socket, bool out);
  [[nodiscard]] std::optional<int> try_read(Open& open);
  [[nodiscard]] std::optional<int> try_send(Open& open);
  void take_connections(int socket);
  void decide(int socket, bool out, int result);
  void cancel_slot(int socket, bool out);
  void drop(NetId net, CloseMode mode);
  void close_if_idle(int socket);
  void linger(NetId socket, TimePoint give_up, Duration interval);
  [[nodiscard]] bool settled(NetId socket);

  void push(Ready ready);
  void turn();
  void put_in_order();
  void dispatch(Ready ready);
  void finish(int socket, bool out, int result);
  void finish_lookup(std::uint64_t id, int result);
  void silence(Operation& op);

  SimNetwork& network_;
  SimWorld& world_;
  const HostId host_;
  const SimLoopOptions options_;
  RandomStream random_;
  bool alive_ = true;
  bool running_ = false;
  int next_socket_ = 3;
  std::map<int, Open> sockets_;
  std::map<NetId, int> by_net_;
  std::map<NetId, EventId> lingering_;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, Armed> timers_;
  std::map<std::uint64_t, Looking> lookups_;
  std::vector<Ready> ready_;
  std::deque<Ready> batch_;
  bool turn_due_ = false;
  EventId turn_event_;
  TimePoint stalled_until_{};
  Duration wall_jump_{0};
};

}  // namespace longthrow::sim
