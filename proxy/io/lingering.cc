// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/lingering.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "proxy/io/socket.h"

namespace longthrow {
namespace {

constexpr int kReadsMax =
    32;  // per socket and poll: a peer that never stops sending gets no more than its share

// Whether a close(2) now would lose nothing.
bool settled(int fd) {
  static thread_local std::array<char, std::size_t{64} * 1024> discarded;
  for (int i = 0; i < kReadsMax; ++i) {
    const ssize_t got = ::recv(fd, discarded.data(), discarded.size(),
                               MSG_DONTWAIT | MSG_TRUNC);  // not even copied
    if (got == 0) return true;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno != EAGAIN) return true;
    if (got < 0) {
      const int state = tcp_state(fd);
      return state == TCP_FIN_WAIT2 || state == TCP_TIME_WAIT || state == TCP_CLOSE;
    }
  }
  return false;
}

}  // namespace

Lingering::~Lingering() {
  for (const Item& item : sockets_) ::close(item.fd);
}

void Lingering::add(int fd, TimePoint now) {
  set_on_close(fd, OnClose::finish);
  if (::shutdown(fd, SHUT_WR) != 0 || settled(fd)) {  // shutdown fails: no longer connected
    ::close(fd);
    return;
  }
  if (sockets_.size() == kSocketsMax) {
    ::close(sockets_.front().fd);
    sockets_.pop_front();
  }
  sockets_.push_back({fd, now + kPatience});
  interval_ = kIntervalMin;
}

std::optional<TimePoint> Lingering::poll(TimePoint now) {
  std::erase_if(sockets_, [now](const Item& item) {
    const bool done = now >= item.give_up || settled(item.fd);
    if (done) ::close(item.fd);
    return done;
  });
  if (sockets_.empty()) return std::nullopt;
  interval_ = std::min(2 * interval_, kIntervalMax);
  return now + interval_;
}

}  // namespace longthrow
