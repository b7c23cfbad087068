// SPDX-License-Identifier: Apache-2.0
// The sockets of LoopBase: how operations begin, what their results mean, how a socket ends.
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "proxy/base/log.h"
#include "proxy/io/descriptor_reserve.h"
#include "proxy/io/loop_base.h"

namespace longthrow {
namespace {

constexpr Duration kAcceptPause = std::chrono::milliseconds(100);
constexpr Duration kAcceptWarnEvery = std::chrono::minutes(1);

// accept(2): errors of the system or of the one connection, after which the listener is as good as
// before. All are retried after a pause: the connection that cannot be taken stays in the backlog,
// and the listener would be reported ready again at once.
bool is_transient(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP:
    case ETIMEDOUT:
    case EINTR:
    case EAGAIN:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Outgoing::start(std::span<const ByteView> views) {
  sent = 0;
  total = 0;
  message = msghdr{};
  message.msg_iov = pieces.data();
  for (const ByteView& view : views) {
    if (view.empty()) continue;
    pieces[message.msg_iovlen++] = {const_cast<std::byte*>(view.data()), view.size()};
    total += view.size();
  }
  LT_ASSERT(total <= INT32_MAX);
}

void Outgoing::advance(std::size_t bytes) {
  sent += bytes;
  LT_ASSERT(sent <= total);
  while (bytes > 0) {
    iovec& piece = *message.msg_iov;
    const std::size_t taken = std::min(bytes, piece.iov_len);
    piece.iov_base = static_cast<std::byte*>(piece.iov_base) + taken;
    piece.iov_len -= taken;
    bytes -= taken;
    if (piece.iov_len == 0) {
      ++message.msg_iov;
      --message.msg_iovlen;
    }
  }
}

SocketEntry& LoopBase::entry_of(Socket socket) {
  LT_ASSERT(socket.valid() && static_cast<std::size_t>(socket.id) < sockets_.size());
  SocketEntry& entry = sockets_[static_cast<std::size_t>(socket.id)];
  LT_ASSERT(entry.open && !entry.closing);
  return entry;
}

const SocketEntry& LoopBase::entry_of(Socket socket) const {
  return const_cast<LoopBase*>(this)->entry_of(socket);
}

SocketEntry* LoopBase::find(int fd, std::uint32_t generation) {
  if (fd < 0 || static_cast<std::size_t>(fd) >= sockets_.size()) return nullptr;
  SocketEntry& entry = sockets_[static_cast<std::size_t>(fd)];
  return entry.open && entry.generation == generation ? &entry : nullptr;
}

Result<Socket> LoopBase::adopt(int fd, SocketUse use) {
  if (static_cast<std::size_t>(fd) >= sockets_.size()) {
    sockets_.resize(static_cast<std::size_t>(fd) + 1);
  }
  SocketEntry& entry = sockets_[static_cast<std::size_t>(fd)];
  LT_ASSERT(!entry.open);
  entry = SocketEntry{};
  entry.fd = fd;
  entry.generation = generation_ = (generation_ + 1) & 0x3fffffff;
  entry.open = true;
  entry.use = use;
  return Socket{fd};
}

Result<Socket> LoopBase::listen(const Endpoint& local, const ListenOptions& options) {
  if (tearing_down_) return fail("the loop is ending", ECANCELED);
  const auto fd = open_listener(local, options, blocking_);
  if (!fd) return std::unexpected(fd.error());
  const auto socket = adopt(*fd, options.use);
  SocketEntry& entry = entry_of(*socket);
  entry.listener = true;
  if (attach(entry)) return socket;
  const int error = errno;
  finish_close(entry);
  return fail(format("cannot watch the listener: {}", std::strerror(error)), error);
}

Result<Socket> LoopBase::connect(Operation& op, const Endpoint& remote,
                                 const ConnectOptions& options) {
  if (tearing_down_) return fail("the loop is ending", ECANCELED);
  const auto fd = open_connector(remote, options, blocking_);
  if (!fd) return std::unexpected(fd.error());
  if (!may_keep(*fd, options.use)) {
    ::close(*fd);
    return fail("too many open files: the last descriptors are kept for the control socket",
                EMFILE);
  }
  const auto socket = adopt(*fd, options.use);
  SocketEntry& entry = entry_of(*socket);
  entry.outgoing = std::make_unique<Outgoing>();
  entry.outgoing->remote = to_sockaddr(remote);
  begin(entry, Direction::write, op, Activity::connect);
  return socket;
}

Result<Endpoint> LoopBase::local_endpoint(Socket socket) const {
  return local_address(entry_of(socket).fd);
}
Result<Endpoint> LoopBase::remote_endpoint(Socket socket) const {
  return remote_address(entry_of(socket).fd);
}
SocketStats LoopBase::stats(Socket socket) const { return socket_stats(entry_of(socket).fd); }
void LoopBase::set_pacing_rate(Socket socket, std::uint64_t bytes_s) {
  longthrow::set_pacing_rate(entry_of(socket).fd, bytes_s);
}

void LoopBase::accept(Operation& op, Socket listener) {
  SocketEntry& entry = entry_of(listener);
  LT_ASSERT(entry.listener);
  begin(entry, Direction::read, op, Activity::accept);
}

void LoopBase::wait_readable(Operation& op, Socket socket) {
  begin(entry_of(socket), Direction::read, op, Activity::wait_readable);
}

void LoopBase::receive(Operation& op, Socket socket, ByteSpan into) {
  LT_ASSERT(!into.empty());
  SocketEntry& entry = entry_of(socket);
  entry.into = into.first(std::min<std::size_t>(into.size(), INT32_MAX));
  begin(entry, Direction::read, op, Activity::receive);
}

void LoopBase::send(Operation& op, Socket socket, std::span<const ByteView> pieces) {
  LT_ASSERT(pieces.size() <= kSendPiecesMax);
  SocketEntry& entry = entry_of(socket);
  LT_ASSERT(entry.write.phase == Phase::idle);
  if (!entry.outgoing) entry.outgoing = std::make_unique<Outgoing>();
  entry.outgoing->start(pieces);
  begin(entry, Direction::write, op, Activity::send);
}

void LoopBase::begin(SocketEntry& entry, Direction direction, Operation& op, Activity activity) {
  Slot& slot = entry.slot(direction);
  LT_ASSERT(slot.phase == Phase::idle);
  op.mark_started();
  ++operations_;
  op.backend_tag =
      static_cast<std::uint64_t>(entry.fd) << 1 | (direction == Direction::write ? 1 : 0);
  slot = {.op = &op, .activity = activity, .phase = Phase::waiting};
  if (tearing_down_) return queue(entry, direction, -ECANCELED);
  if (activity == Activity::send && entry.send_error != 0)
    return queue(entry, direction, -entry.send_error);
  if (activity == Activity::send && entry.outgoing->total == 0) return queue(entry, direction, 0);
  start(entry, direction);
}

void LoopBase::queue(SocketEntry& entry, Direction direction, int result) {
  Slot& slot = entry.slot(direction);
  LT_ASSERT(slot.phase == Phase::waiting || slot.phase == Phase::paused);
  slot.phase = Phase::done;
  if (entry.closing && result < 0) result = -ECANCELED;
  completions_.push_back({.op = slot.op, .result = result, .fd = entry.fd, .direction = direction});
}

void LoopBase::cancel_slot(SocketEntry& entry, Direction direction) {
  Slot& slot = entry.slot(direction);
  if (slot.phase == Phase::idle || slot.cancelled) return;
  slot.cancelled = true;
  if (slot.phase == Phase::paused) queue(entry, direction, -ECANCELED);
  if (slot.phase == Phase::waiting) cancel_waiting(entry, direction);
}

bool LoopBase::shutdown_send(Socket socket) {
  const SocketEntry& entry = entry_of(socket);
  LT_ASSERT(entry.write.phase == Phase::idle);
  return ::shutdown(entry.fd, SHUT_WR) == 0;
}

void LoopBase::close(Socket socket, CloseMode mode) {
  SocketEntry& entry = entry_of(socket);
  entry.closing = true;
  entry.close_mode = mode;
  cancel_slot(entry, Direction::read);
  cancel_slot(entry, Direction::write);
  if (entry.idle()) return finish_close(entry);
  if (mode == CloseMode::reset && !entry.listener) disconnect(entry.fd);
}

void LoopBase::finish_close(SocketEntry& entry) {
  LT_ASSERT(entry.open && entry.idle());
  detach(entry);
  const int fd = entry.fd;
  const bool linger = !entry.listener && entry.close_mode == CloseMode::graceful;
  entry = SocketEntry{};
  if (linger) {
    lingering_.add(fd, now_);
    const TimePoint next = now_ + Lingering::kIntervalMin;
    const bool soon = lingering_timer_.armed() && lingering_timer_.deadline() <= next;
    if (lingering_.size() > 0 && !soon) timers_.arm(lingering_timer_, next);
    return;
  }
  set_on_close(fd, OnClose::reset);
  ::close(fd);
}

void LoopBase::finished(SocketEntry& entry, Direction direction, int result) {
  Slot& slot = entry.slot(direction);
  LT_ASSERT(slot.phase == Phase::waiting);
  if (result == -EINTR) {
    if (!slot.cancelled) return start(entry, direction);
    result = -ECANCELED;
  }
  switch (slot.activity) {
    case Activity::accept:
      return accept_ended(entry, result);
    case Activity::receive:
      return queue(entry, direction, received(entry, result));
    case Activity::wait_readable:
      return queue(entry, direction, std::min(result, 0));
    case Activity::connect:
      if (result == 0 && connected_to_itself(entry.fd)) result = -ECONNREFUSED;
      return queue(entry, direction, result);
    case Activity::send:
      return send_progressed(entry, result);
    case Activity::none:
      break;
  }
  LT_ASSERT(false);
}

// Linux reports a socket's error once, to whichever call comes first. After that, even if a send
// got the error, a receive returns 0, which reads like a clean end of the stream: guarantee G1
// would be broken. So the loop keeps errors and returns them again. Except a send's EPIPE: the
// kernel returns it when the peer's FIN came before its reset, and then the end is the true one.
int LoopBase::received(SocketEntry& entry, int result) const {
  if (result < 0 && result != -ECANCELED) entry.receive_error = -result;
  if (result == 0 && entry.receive_error != 0) return -entry.receive_error;
  if (result == 0 && entry.send_error != 0 && entry.send_error != EPIPE) return -entry.send_error;
  return result;
}

void LoopBase::send_progressed(SocketEntry& entry, int result) {
  Outgoing& outgoing = *entry.outgoing;
  if (result > 0) outgoing.advance(static_cast<std::size_t>(result));
  const bool more = outgoing.sent < outgoing.total && !entry.write.cancelled;
  if (result > 0 && more) return start(entry, Direction::write);
  LT_ASSERT(result != 0);
  if (result < 0 && result != -ECANCELED) entry.send_error = -result;
  queue(entry, Direction::write, outgoing.sent > 0 ? static_cast<int>(outgoing.sent) : result);
}

void LoopBase::accepted(SocketEntry& listener, int fd) {
  LT_ASSERT(listener.read.phase == Phase::waiting);
  if (!may_keep(fd, listener.use)) {
    set_on_close(fd, OnClose::reset);
    ::close(fd);
    warn_of_accepts("too many open files",
                    "it was reset: the last descriptors are kept for the control socket");
    return;
  }
  SocketEntry& entry = entry_of(*adopt(fd, listener.use));
  if (listener.read.cancelled || !attach(entry)) {
    finish_close(entry);
    return;
  }
  completions_.push_back({.op = listener.read.op, .result = fd, .more = true, .fd = listener.fd});
}

void LoopBase::accept_ended(SocketEntry& entry, int result) {
  if (entry.read.cancelled) return queue(entry, Direction::read, -ECANCELED);
  if (!is_transient(-result)) return queue(entry, Direction::read, result);
  warn_of_accepts(std::strerror(-result), "trying again every 100 ms");
  entry.read.phase = Phase::paused;
  if (!accept_timer_.armed()) timers_.arm(accept_timer_, now_ + kAcceptPause);
}

void LoopBase::warn_of_accepts(const char* reason, const char* consequence) {
  if (now_ - kAcceptWarnEvery < accept_warned_) return;
  accept_warned_ = now_;
  log_warning("cannot accept a connection: {}; {}", reason, consequence);
}

void LoopBase::resume_accepts() {
  for (SocketEntry& entry : sockets_) {
    if (!entry.open || entry.read.phase != Phase::paused) continue;
    entry.read.phase = Phase::waiting;
    entry.maybe_readable = true;
    start(entry, Direction::read);
  }
}

}  // namespace longthrow
