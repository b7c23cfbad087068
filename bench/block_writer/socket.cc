// SPDX-License-Identifier: Apache-2.0
#include "bench/block_writer/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

struct AddressDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, AddressDeleter>;

std::unexpected<Error> fail_errno(const std::string& what, int error = errno) {
  return fail(format("{}: {}", what, std::strerror(error)), error);
}

Result<Addresses> resolve(const HostPort& host_port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error =
      getaddrinfo(host_port.host.c_str(), std::to_string(host_port.port).c_str(), &hints, &list);
  if (error != 0) return fail(format("{}: {}", to_string(host_port), gai_strerror(error)));
  return Addresses(list);
}

int make_socket(int family) {
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

}  // namespace

void keep_rate(Clock::time_point begin, std::uint64_t bytes, std::uint64_t rate_bytes_s) {
  if (rate_bytes_s == 0) return;
  const auto due =
      std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(rate_bytes_s));
  std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(due));
}

TcpSocket::TcpSocket(TcpSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

TcpSocket::~TcpSocket() {
  if (fd_ >= 0) close(fd_);
}

Result<TcpSocket> TcpSocket::connect(const HostPort& to, Clock::time_point deadline) {
  const auto addresses = resolve(to);
  if (!addresses) return std::unexpected(addresses.error());
  Error last{.message = format("{}: no address", to_string(to))};
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    TcpSocket made(make_socket(address->ai_family));
    if (made.fd_ < 0) return fail_errno("socket");
    if (::connect(made.fd_, address->ai_addr, address->ai_addrlen) == 0) return made;
    int error = errno;
    if (error == EINPROGRESS) {
      if (auto ready = made.wait_writable(deadline); !ready) return std::unexpected(ready.error());
      socklen_t size = sizeof(error);
      getsockopt(made.fd_, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error == 0) return made;
    }
    last = fail_errno("cannot connect to " + to_string(to), error).error();
  }
  return std::unexpected(last);
}

Result<TcpSocket> TcpSocket::listen(const Endpoint& on) {
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  const bool is_v6 = on.family == Endpoint::Family::ipv6;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = v4.sin_port = htons(on.port);
  v6.sin6_scope_id = on.scope_id();
  v4.sin_family = AF_INET;
  std::memcpy(&v6.sin6_addr, on.address.data(), sizeof(v6.sin6_addr));
  std::memcpy(&v4.sin_addr, on.address.data(), sizeof(v4.sin_addr));
  const auto* address =
      is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);

  TcpSocket made(make_socket(address->sa_family));
  if (made.fd_ < 0) return fail_errno("socket");
  const int yes = 1;
  setsockopt(made.fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (bind(made.fd_, address, is_v6 ? sizeof(v6) : sizeof(v4)) != 0 || ::listen(made.fd_, 1) != 0) {
    return fail_errno("cannot listen on " + to_string(on));
  }
  return made;
}

Result<TcpSocket> TcpSocket::accept(Clock::time_point deadline) const {
  if (auto ready = wait(POLLIN, deadline); !ready) return std::unexpected(ready.error());
  TcpSocket accepted(accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (accepted.fd_ < 0) return fail_errno("accept");
  return accepted;
}

Result<std::size_t> TcpSocket::send(ByteView bytes) const {
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EINTR) return 0;
  return fail_errno("the connection broke while writing");
}

Result<std::size_t> TcpSocket::receive(ByteSpan room, Clock::time_point deadline) const {
  while (true) {
    const ssize_t received = recv(fd_, room.data(), room.size(), 0);
    if (received >= 0) return static_cast<std::size_t>(received);
    if (errno != EAGAIN && errno != EINTR) return fail_errno("the connection broke while reading");
    if (auto ready = wait(POLLIN, deadline); !ready) return std::unexpected(ready.error());
  }
}

Result<void> TcpSocket::wait_writable(Clock::time_point deadline) const {
  return wait(POLLOUT, deadline);
}

Result<void> TcpSocket::wait(short events, Clock::time_point deadline) const {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd entry{.fd = fd_, .events = events, .revents = 0};
    const int ready = poll(&entry, 1, static_cast<int>(std::clamp<long>(left, 0, 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail_errno("poll");
    if (Clock::now() >= deadline) return fail("timed out (see --timeout)", ETIMEDOUT);
  }
}

void TcpSocket::half_close() const { shutdown(fd_, SHUT_WR); }

std::size_t TcpSocket::set_send_buffer(std::size_t bytes) const {
  const int wanted = static_cast<int>(std::min<std::size_t>(bytes, 1 << 30));
  if (setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof(wanted)) != 0) {
    setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
  }
  int given = 0;
  socklen_t size = sizeof(given);
  getsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &given, &size);
  return static_cast<std::size_t>(given);
}

std::uint16_t TcpSocket::local_port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace longthrow
