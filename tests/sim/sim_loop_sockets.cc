// SPDX-License-Identifier: Apache-2.0
// Socket operations of a simulated loop.
#include <algorithm>
#include <array>
#include <utility>

#include "tests/sim/sim_loop.h"

namespace longthrow::sim {
namespace {
constexpr Duration kLingerPatience = std::chrono::seconds(30);
constexpr Duration kLingerIntervalMin = std::chrono::milliseconds(2);
constexpr Duration kLingerIntervalMax = std::chrono::milliseconds(200);
}  // namespace

// --- sockets ---

Socket SimLoop::add_socket(NetId net, bool listener, SocketUse use) {
  const int id = next_socket_++;
  Open open;
  open.net = net;
  open.listener = listener;
  open.use = use;
  sockets_.emplace(id, std::move(open));
  by_net_.emplace(net, id);
  return Socket{id};
}

const SimLoop::Open* SimLoop::find(Socket socket) const {
  const auto found = sockets_.find(socket.id);
  return found != sockets_.end() && !found->second.closing ? &found->second : nullptr;
}

// Ids are never used again, so a program that uses a socket after its close is caught here.
SimLoop::Open& SimLoop::open_socket(Socket socket) {
  LT_ASSERT(alive_);
  const auto found = sockets_.find(socket.id);
  LT_ASSERT(found != sockets_.end() && !found->second.closing);
  return found->second;
}

NetId SimLoop::net_id(Socket socket) const {
  const Open* open = find(socket);
  return open != nullptr ? open->net : 0;
}

Result<Socket> SimLoop::listen(const Endpoint& local, const ListenOptions& options) {
  LT_ASSERT(alive_);
  auto net = network_.listen(host_, local, options);
  if (!net.has_value()) return std::unexpected(net.error());
  const Socket socket = add_socket(*net, true, options.use);
  network_.watch(*net, this);
  return socket;
}

Result<Endpoint> SimLoop::local_endpoint(Socket socket) const {
  const Open* open = find(socket);
  return open != nullptr ? network_.local_endpoint(open->net) : fail("bad socket", EBADF);
}
Result<Endpoint> SimLoop::remote_endpoint(Socket socket) const {
  const Open* open = find(socket);
  return open != nullptr ? network_.remote_endpoint(open->net) : fail("bad socket", EBADF);
}
SocketStats SimLoop::stats(Socket socket) const {
  const Open* open = find(socket);
  return open != nullptr ? network_.stats(open->net) : SocketStats{};
}

bool SimLoop::shutdown_send(Socket socket) {
  if (!alive_) return false;
  Open& open = open_socket(socket);
  LT_ASSERT(open.out.kind == Kind::none);
  return network_.shutdown_send(open.net);
}

void SimLoop::close(Socket socket, CloseMode mode) {
  if (!alive_) return;
  Open& open = open_socket(socket);
  open.closing = true;
  open.mode = mode;
  cancel_slot(socket.id, false);
  cancel_slot(socket.id, true);
  // As in the real loops, a reset does not wait for the operations.
  if (mode == CloseMode::reset && !open.listener) drop(std::exchange(open.net, kNoNet), mode);
  close_if_idle(socket.id);
}

void SimLoop::drop(NetId net, CloseMode mode) {
  network_.close(net, mode);
  by_net_.erase(net);
}

void SimLoop::close_if_idle(int socket) {
  const auto found = sockets_.find(socket);
  if (found == sockets_.end()) return;
  const Open& open = found->second;
  if (!open.closing || open.in.kind != Kind::none || open.out.kind != Kind::none) return;
  const auto [net, mode] = std::pair(open.net, open.mode);
  const bool lingers = !open.listener && mode == CloseMode::graceful && !network_.connecting(net);
  sockets_.erase(found);
  if (!lingers) {
    if (net != kNoNet) drop(net, mode);
    return;
  }
  by_net_.erase(net);
  network_.linger_off(net);
  network_.watch(net, nullptr);
  network_.shutdown_send(net);
  linger(net, world_.now() + kLingerPatience, kLingerIntervalMin);
}

void SimLoop::linger(NetId net, TimePoint give_up, Duration interval) {
  lingering_.erase(net);
  if (world_.now() >= give_up || settled(net)) {
    network_.close(net, CloseMode::graceful);
    return;
  }
  lingering_[net] = world_.schedule_after(interval, "loop.linger", [this, net, give_up, interval] {
    linger(net, give_up, std::min(interval * 2, kLingerIntervalMax));
  });
}

// Whether a close loses nothing now: the peer has ended too, or has acknowledged our FIN.
bool SimLoop::settled(NetId net) {
  std::array<std::byte, 4096> discarded;
  int result = 1;
  while (result > 0) result = network_.read(net, discarded);
  return result != -EAGAIN || network_.stats(net).unacknowledged_bytes == 0;
}

// --- starting operations ---

SimLoop::Slot& SimLoop::start(Operation& op, int socket, Kind kind, bool out) {
  Open& open = open_socket(Socket{socket});
  LT_ASSERT(open.listener == (kind == Kind::accept));
  Slot& slot = out ? open.out : open.in;
  LT_ASSERT(slot.kind == Kind::none);
  op.mark_started();
  op.backend = this;
  op.backend_tag = static_cast<std::uint64_t>(socket) << 2 | (out ? 1U : 0U);
  slot = Slot{};
  slot.kind = kind;
  slot.op = &op;
  return slot;
}

void SimLoop::accept(Operation& op, Socket listener) {
  start(op, listener.id, Kind::accept, false);
  take_connections(listener.id);
}

Result<Socket> SimLoop::connect(Operation& op, const Endpoint& remote,
                                const ConnectOptions& options) {
  LT_ASSERT(alive_);
  auto net = network_.connect(host_, remote, options);
  if (!net.has_value()) return std::unexpected(net.error());
  const Socket socket = add_socket(*net, false, options.use);
  start(op, socket.id, Kind::connect, true);
  network_.watch(*net, this);
  return socket;
}

void SimLoop::wait_readable(Operation& op, Socket socket) {
  start(op, socket.id, Kind::readable, false);
  submit(socket.id, false);
}

void SimLoop::receive(Operation& op, Socket socket, ByteSpan into) {
  LT_ASSERT(!into.empty());
  start(op, socket.id, Kind::receive, false).into = into;
  submit(socket.id, false);
}

void SimLoop::send(Operation& op, Socket socket, std::span<const ByteView> pieces) {
  LT_ASSERT(pieces.size() <= kSendPiecesMax);
  start(op, socket.id, Kind::send, true).pieces.assign(pieces.begin(), pieces.end());
  submit(socket.id, true);
}

// A kernel may do the work at once, and tell later.
void SimLoop::submit(int socket, bool out) {
  if (random_.chance(options_.eager_ratio)) {
    attempt(socket, out);
  } else if (out || network_.readable(sockets_.at(socket).net)) {
    attempt_later(socket, out);
  }
}

void SimLoop::attempt_later(int socket, bool out) {
  Slot& slot = out ? sockets_.at(socket).out : sockets_.at(socket).in;
  if (slot.kind == Kind::none || slot.queued) return;
  slot.queued = true;
  push({.what = Ready::What::attempt, .socket = socket, .out = out});
}

// --- progress ---

void SimLoop::on_ready(NetId net, unsigned readiness) {
  const auto found = by_net_.find(net);
  if (!alive_ || found == by_net_.end()) return;
  const int socket = found->second;
  Open& open = sockets_.at(socket);
  if (open.listener) return take_connections(socket);
  if (open.out.kind == Kind::connect) {
    if (!open.out.decided && !network_.connecting(net)) {
      decide(socket, true, network_.take_error(net));
    }
    return;
  }
  // When a connection fails, whoever comes first takes the error.
  const bool out_first = random_.chance(0.5);
  for (const bool out : {out_first, !out_first}) {
    if ((readiness & (out ? kWritable : kReadable)) == 0) continue;
    if (random_.chance(options_.eager_ratio)) {
      attempt(socket, out);
    } else {
      attempt_later(socket, out);
    }
  }
}

void SimLoop::attempt(int socket, bool out) {
  Open& open = sockets_.at(socket);
  const Slot& slot = out ? open.out : open.in;
  if (slot.kind == Kind::none || slot.queued) return;
  const auto result = out ? try_send(open) : try_read(open);
  if (result.has_value()) decide(socket, out, *result);
}

std::optional<int> SimLoop::try_read(Open& open) {
  if (open.in.kind == Kind::readable) {
    return network_.readable(open.net) ? std::optional<int>(0) : std::nullopt;
  }
  if (open.in.kind != Kind::receive) return std::nullopt;
  int result = network_.read(open.net, open.in.into);
  // A read of a leg that is not filled says, as in the kernel, that nothing more was there.
  while (open.use == SocketUse::leg && result > 0 &&
         static_cast<std::size_t>(result) < open.in.into.size() &&
         network_.stats(open.net).unread_bytes > 0) {
    result += network_.read(open.net, open.in.into.subspan(static_cast<std::size_t>(result)));
  }
  // EPIPE says that a FIN had come before the reset: then the end is the true one.
  if (result == 0 && open.send_error != 0 && open.send_error != -EPIPE) result = open.send_error;
  return result != -EAGAIN ? std::optional<int>(result) : std::nullopt;
}

std::optional<int> SimLoop::try_send(Open& open) {
  Slot& slot = open.out;
  if (slot.kind != Kind::send) return std::nullopt;
  while (slot.piece < slot.pieces.size()) {
    const ByteView rest = slot.pieces[slot.piece].subspan(slot.piece_sent);
    if (!rest.empty()) {
      const int written = network_.write(open.net, rest);
      if (written == -EAGAIN) return std::nullopt;
      if (written < 0) {
        const bool swallowed = open.use == SocketUse::lane && slot.sent > 0 && random_.chance(0.5);
        if (!swallowed) open.send_error = written;
        return slot.sent > 0 ? static_cast<int>(slot.sent) : written;
      }
      slot.sent += static_cast<std::size_t>(written);
      slot.piece_sent += static_cast<std::size_t>(written);
    }
    if (slot.piece_sent == slot.pieces[slot.piece].size()) {
      ++slot.piece;
      slot.piece_sent = 0;
    }
  }
  return static_cast<int>(slot.sent);
}

void SimLoop::take_connections(int socket) {
  const Open& listening = sockets_.at(socket);
  if (listening.in.kind != Kind::accept || listening.in.decided) return;
  const NetId listener = listening.net;
  for (NetId net = network_.accept(listener); net > 0; net = network_.accept(listener)) {
    const Socket accepted = add_socket(net, false, listening.use);
    network_.watch(net, this);
    push({.what = Ready::What::accepted, .socket = socket, .result = accepted.id});
  }
}

// --- ends of operations ---

void SimLoop::decide(int socket, bool out, int result) {
  Slot& slot = out ? sockets_.at(socket).out : sockets_.at(socket).in;
  slot.queued = true;
  slot.decided = true;
  push({.what = Ready::What::result, .socket = socket, .out = out, .result = result});
}

std::uint64_t SimLoop::uncertain_leg_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [id, open] : sockets_) {
    if (open.use == SocketUse::leg && !open.listener)
      bytes += network_.stats(open.net).unacknowledged_bytes + open.out.sent;
  }
  return bytes;
}

std::uint64_t SimLoop::unreaped_bytes() const {
  std::uint64_t bytes = 0;
  for (const Ready& ready : ready_) {
    const auto open = sockets_.find(ready.socket);
    if (ready.what == Ready::What::result && !ready.out && ready.result > 0 &&
        open != sockets_.end() && open->second.in.kind == Kind::receive) {
      bytes += static_cast<std::uint64_t>(ready.result);
    }
  }
  return bytes;
}

void SimLoop::finish(int socket, bool out, int result) {
  Open& open = sockets_.at(socket);
  Slot& slot = out ? open.out : open.in;
  Operation* op = std::exchange(slot.op, nullptr);
  slot.kind = Kind::none;
  world_.trace("loop.finish", static_cast<std::uint64_t>(socket) << 1 | (out ? 1U : 0U),
               static_cast<std::uint64_t>(result));
  close_if_idle(socket);
  op->complete(result);
}

void SimLoop::cancel(Operation& op) {
  if (!alive_ || !op.in_flight()) return;
  LT_ASSERT(op.backend == this);
  if ((op.backend_tag & 2) == 0) {
    return cancel_slot(static_cast<int>(op.backend_tag >> 2), (op.backend_tag & 1) != 0);
  }
  const std::uint64_t id = op.backend_tag >> 2;
  Looking& looking = lookups_.at(id);
  if (std::exchange(looking.decided, true)) return;
  world_.cancel(looking.event);
  push({.what = Ready::What::looked_up, .result = -ECANCELED, .id = id});
}

void SimLoop::cancel_slot(int socket, bool out) {
  Slot& slot = out ? sockets_.at(socket).out : sockets_.at(socket).in;
  if (slot.kind == Kind::none || slot.decided) return;
  decide(socket, out, slot.sent > 0 ? static_cast<int>(slot.sent) : -ECANCELED);
}

}  // namespace longthrow::sim
