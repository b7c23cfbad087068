// SPDX-License-Identifier: Apache-2.0
// The Loop on epoll(7): readiness turned into completions. Each socket is registered once, edge
// triggered, for both directions; an edge sets a flag, EAGAIN clears it, and an operation is tried
// when the flag is set. So a busy socket costs one receive or send a turn and no epoll_ctl, and an
// idle one nothing.
//
// Traps met here. A socket that is not connected yet reports EPOLLHUP as soon as it is registered,
// so connect(2) comes first. Reading a socket's error takes it away (SO_ERROR, and also MSG_PEEK),
// and the receive after that would see a clean end: so `wait_readable` asks poll(2), which only
// looks. epoll_pwait2 (nanoseconds) exists since Linux 5.11 and may be refused by a seccomp
// profile.
#include "proxy/io/epoll_loop.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "proxy/base/log.h"
#include "proxy/io/loop_base.h"

namespace longthrow {
namespace {

constexpr std::uint64_t kMailboxTag = ~std::uint64_t{0};
constexpr int kAcceptsPerTurn = 64;

class EpollLoop final : public LoopBase {
 public:
  EpollLoop() : LoopBase(Blocking::no) {}
  ~EpollLoop() override {
    if (epoll_ < 0) return;
    tear_down();
    ::close(epoll_);
  }
  [[nodiscard]] std::string_view name() const override { return "epoll"; }
  [[nodiscard]] Result<void> set_up();

 protected:
  bool attach(SocketEntry& entry) override;
  void detach(SocketEntry& entry) override;
  void start(SocketEntry& entry, Direction direction) override;
  void cancel_waiting(SocketEntry& entry, Direction direction) override;
  void wait(std::optional<Duration> timeout) override;

 private:
  void try_accept(SocketEntry& entry);
  void try_receive(SocketEntry& entry);
  void try_wait_readable(SocketEntry& entry);
  void try_send(SocketEntry& entry);
  void start_connect(SocketEntry& entry);
  void try_finish_connect(SocketEntry& entry);
  void on_event(SocketEntry& entry, std::uint32_t events);
  void retry(SocketEntry& entry);
  [[nodiscard]] int wait_for_events(std::optional<Duration> timeout);

  struct Again {
    int fd;
    std::uint32_t generation;
  };
  int epoll_ = -1;
  bool has_pwait2_ = true;
  std::array<epoll_event, 256> events_{};
  std::vector<Again> again_;  // listeners with more in their backlog than one turn takes
  std::vector<Again> retrying_;
};

Result<void> EpollLoop::set_up() {
  if (auto opened = open(); !opened) return opened;
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return fail(format("cannot make an epoll: {}", std::strerror(errno)), errno);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kMailboxTag}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, mailbox().fd(), &event) != 0) {
    return fail(format("cannot watch the mailbox: {}", std::strerror(errno)), errno);
  }
  return {};
}

bool EpollLoop::attach(SocketEntry& entry) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 =
      static_cast<std::uint64_t>(entry.generation) << 32 | static_cast<unsigned>(entry.fd);
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, entry.fd, &event) == 0;
}

// Fails harmlessly for a socket that was never attached.
void EpollLoop::detach(SocketEntry& entry) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, entry.fd, nullptr);
}

void EpollLoop::start(SocketEntry& entry, Direction direction) {
  switch (entry.slot(direction).activity) {
    case Activity::accept:
      return try_accept(entry);
    case Activity::receive:
      return try_receive(entry);
    case Activity::wait_readable:
      return try_wait_readable(entry);
    case Activity::send:
      return try_send(entry);
    case Activity::connect:
      return start_connect(entry);
    case Activity::none:
      break;
  }
  LT_ASSERT(false);
}

void EpollLoop::cancel_waiting(SocketEntry& entry, Direction direction) {
  finished(entry, direction, -ECANCELED);
}

void EpollLoop::try_accept(SocketEntry& entry) {
  for (int i = 0; entry.maybe_readable; ++i) {
    if (i == kAcceptsPerTurn) return again_.push_back({entry.fd, entry.generation});
    const int fd = ::accept4(entry.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      accepted(entry, fd);
    } else if (errno == EAGAIN) {
      entry.maybe_readable = false;
    } else if (errno != EINTR) {
      return finished(entry, Direction::read, -errno);
    }
  }
}

void EpollLoop::try_receive(SocketEntry& entry) {
  if (!entry.maybe_readable) return;
  const ssize_t got = ::recv(entry.fd, entry.into.data(), entry.into.size(), 0);
  if (got < 0 && errno == EAGAIN) {
    entry.maybe_readable = false;
    return;
  }
  finished(entry, Direction::read, got < 0 ? -errno : static_cast<int>(got));
}

void EpollLoop::try_wait_readable(SocketEntry& entry) {
  if (!entry.maybe_readable) return;
  pollfd query{.fd = entry.fd, .events = POLLIN | POLLRDHUP, .revents = 0};
  const int ready = ::poll(&query, 1, 0);
  if (ready == 0) {
    entry.maybe_readable = false;
    return;
  }
  finished(entry, Direction::read, ready < 0 ? -errno : 0);
}

void EpollLoop::try_send(SocketEntry& entry) {
  if (!entry.maybe_writable) return;
  const ssize_t sent = ::sendmsg(entry.fd, &entry.outgoing->message, MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) {
    entry.maybe_writable = false;
    return;
  }
  finished(entry, Direction::write,
           sent < 0 ? -errno : static_cast<int>(sent));  // a short send goes on
}

void EpollLoop::start_connect(SocketEntry& entry) {
  const Address& remote = entry.outgoing->remote;
  entry.maybe_writable = false;
  if (::connect(entry.fd, remote.get(), remote.length) != 0 && errno != EINPROGRESS &&
      errno != EINTR) {
    return finished(entry, Direction::write, -errno);
  }
  if (!attach(entry)) finished(entry, Direction::write, -errno);
}

void EpollLoop::try_finish_connect(SocketEntry& entry) {
  if (!entry.maybe_writable) return;
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(entry.fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  finished(entry, Direction::write, -error);
}

void EpollLoop::on_event(SocketEntry& entry, std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) entry.maybe_readable = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) entry.maybe_writable = true;
  retry(entry);
}

// The reading operation goes first: it is the one that should get a socket's error.
void EpollLoop::retry(SocketEntry& entry) {
  if (entry.read.phase == Phase::waiting) start(entry, Direction::read);
  if (entry.write.phase != Phase::waiting) return;
  entry.write.activity == Activity::connect ? try_finish_connect(entry)
                                            : start(entry, Direction::write);
}

void EpollLoop::wait(std::optional<Duration> timeout) {
  if (!again_.empty()) timeout = Duration(0);
  const int count = wait_for_events(timeout);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t tag = events_[static_cast<std::size_t>(i)].data.u64;
    if (tag == kMailboxTag) {
      mailbox().clear_readiness();
    } else if (SocketEntry* entry = find(static_cast<int>(tag & 0xffffffff),
                                         static_cast<std::uint32_t>(tag >> 32))) {
      on_event(*entry, events_[static_cast<std::size_t>(i)].events);
    }
  }
  retrying_.swap(again_);
  for (const Again& again : retrying_) {
    if (SocketEntry* entry = find(again.fd, again.generation)) retry(*entry);
  }
  retrying_.clear();
}

int EpollLoop::wait_for_events(std::optional<Duration> timeout) {
  const int room = static_cast<int>(events_.size());
  if (has_pwait2_) {
    timespec limit{};
    if (timeout) {
      limit.tv_sec = static_cast<time_t>(timeout->count() / 1'000'000'000);
      limit.tv_nsec = static_cast<long>(timeout->count() % 1'000'000'000);
    }
    const int count =
        ::epoll_pwait2(epoll_, events_.data(), room, timeout ? &limit : nullptr, nullptr);
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    has_pwait2_ = false;
  }
  constexpr Duration kHour = std::chrono::hours(1);  // an early return is harmless
  const int millis =
      timeout ? static_cast<int>(
                    std::chrono::ceil<std::chrono::milliseconds>(std::min(*timeout, kHour)).count())
              : -1;
  return ::epoll_wait(epoll_, events_.data(), room, millis);
}

}  // namespace

Result<std::unique_ptr<Loop>> make_epoll_loop() {
  auto loop = std::make_unique<EpollLoop>();
  if (auto done = loop->set_up(); !done) return std::unexpected(std::move(done.error()));
  return loop;
}

}  // namespace longthrow
