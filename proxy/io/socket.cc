// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/socket.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>

#include "proxy/base/log.h"
#include "proxy/io/lane_buffers.h"

namespace longthrow {
namespace {

constexpr int kNotsentLowatBytes = 256 * 1024;
// TCP_RTO_MAX_MS, Linux 6.15; older kernels refuse it. With it, a lane that outlives a cut goes on
// within a second after the cut, instead of after a time as long as the cut.
constexpr int kTcpRtoMaxMs = 44;
constexpr int kRtoMaxMs = 1000;
// On a lane keep-alive is a backstop only: the session's heartbeat finds a dead peer much earlier.
// On a leg it is the only sign that the program's host has vanished; the host of a program that
// merely does not read still answers.
constexpr int kKeepIdleSeconds = 30;
constexpr int kKeepIntervalSeconds = 10;
constexpr int kKeepCount = 6;
// The receive buffer of a leg. The bytes in it are accepted, count as lag and are outside the
// memlimit; and the larger the buffer, the more of it must be read before a full window reopens.
// The kernel's own tuning would let it grow to tcp_rmem's maximum (6 MiB and more). The kernel
// doubles this number for its own needs, and grants at most net.core.rmem_max.
constexpr int kLegReceiveBytes = 512 * 1024;

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

void set_common_options(int fd, SocketUse use, const std::string& congestion) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepIdleSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepIntervalSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepCount);
  if (use == SocketUse::leg) {
    set_on_close(fd, OnClose::reset);
    set_option(fd, SOL_SOCKET, SO_RCVBUF, kLegReceiveBytes);
  } else {
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kNotsentLowatBytes);
    set_option(fd, IPPROTO_TCP, kTcpRtoMaxMs, kRtoMaxMs);
    widen_send_buffer(fd);
  }
  if (congestion.empty()) return;
  if (::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion.data(),
                   static_cast<socklen_t>(congestion.size())) != 0) {
    log_debug("congestion control {} is not to be had: {}", congestion, std::strerror(errno));
  }
}

std::unexpected<Error> close_and_fail(int fd, std::string_view what, const Endpoint& endpoint) {
  const int error = errno;
  if (fd >= 0) ::close(fd);
  const char* why = error == ENODEV ? "there is no such interface" : std::strerror(error);
  return fail(format("cannot {} {}: {}", what, to_string(endpoint), why), error);
}

// Sets errno to ENODEV; the kernel would only say "Invalid argument".
bool lacks_interface(const Endpoint& endpoint) {
  const bool lacks = endpoint.awaits_interface();
  if (lacks) errno = ENODEV;
  return lacks;
}

int open_socket(const Endpoint& endpoint, Blocking blocking) {
  if (lacks_interface(endpoint)) return -1;
  const int family = endpoint.family == Endpoint::Family::ipv4 ? AF_INET : AF_INET6;
  const int flags = SOCK_CLOEXEC | (blocking == Blocking::no ? SOCK_NONBLOCK : 0);
  return ::socket(family, SOCK_STREAM | flags, IPPROTO_TCP);
}

constexpr int kTcpClose = 7;  // TCP_CLOSE of linux/tcp_states.h

bool read_info(int fd, tcp_info& info, socklen_t& length) {
  length = sizeof info;
  return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0;
}

}  // namespace

Address to_sockaddr(const Endpoint& endpoint) {
  Address address;
  if (endpoint.family == Endpoint::Family::ipv4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.address.data(), sizeof in.sin_addr);
    std::memcpy(&address.storage, &in, sizeof in);
    address.length = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    in.sin6_scope_id = endpoint.scope_id();
    std::memcpy(&in.sin6_addr, endpoint.address.data(), sizeof in.sin6_addr);
    std::memcpy(&address.storage, &in, sizeof in);
    address.length = sizeof in;
  }
  return address;
}

Endpoint from_sockaddr(const sockaddr& address) {
  Endpoint endpoint;
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    std::memcpy(endpoint.address.data(), &in.sin_addr, sizeof in.sin_addr);
    endpoint.port = ntohs(in.sin_port);
  } else {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    endpoint.family = Endpoint::Family::ipv6;
    std::memcpy(endpoint.address.data(), &in.sin6_addr, sizeof in.sin6_addr);
    endpoint.zone = zone_of(in.sin6_scope_id);
    endpoint.port = ntohs(in.sin6_port);
  }
  return endpoint;
}

Result<int> open_listener(const Endpoint& local, const ListenOptions& options, Blocking blocking) {
  const int fd = open_socket(local, blocking);
  if (fd < 0) return close_and_fail(fd, "open a socket for", local);
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (local.family == Endpoint::Family::ipv4) {
    set_option(fd, IPPROTO_IP, IP_FREEBIND, 1);
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
  }
  set_common_options(fd, options.use, options.congestion);
  const Address address = to_sockaddr(local);
  if (::bind(fd, address.get(), address.length) != 0) return close_and_fail(fd, "listen on", local);
  if (::listen(fd, options.backlog) != 0) return close_and_fail(fd, "listen on", local);
  return fd;
}

Result<int> open_connector(const Endpoint& remote, const ConnectOptions& options,
                           Blocking blocking) {
  const int fd = open_socket(remote, blocking);
  if (fd < 0) return close_and_fail(fd, "open a socket to", remote);
  set_common_options(fd, options.use, options.congestion);
  if (options.source) {
    // Port 0: the ephemeral port is chosen at connect, per destination, so that many sockets share
    // it.
    if (options.source->port == 0)
      set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    else
      set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const Address address = to_sockaddr(*options.source);
    if (lacks_interface(*options.source) || ::bind(fd, address.get(), address.length) != 0) {
      return close_and_fail(fd, "connect from", *options.source);
    }
  }
  return fd;
}

void set_on_close(int fd, OnClose on_close) {
  const linger value{on_close == OnClose::reset ? 1 : 0, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

void disconnect(int fd) {
  const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
  (void)::connect(fd, &nobody, sizeof nobody);
}

Result<Endpoint> local_address(int fd) {
  Address address;
  if (::getsockname(fd, address.get(), &address.length) != 0) {
    return fail(format("the socket has no local address: {}", std::strerror(errno)), errno);
  }
  return from_sockaddr(*address.get());
}

Result<Endpoint> remote_address(int fd) {
  Address address;
  if (::getpeername(fd, address.get(), &address.length) != 0) {
    return fail(format("the socket has no peer: {}", std::strerror(errno)), errno);
  }
  return from_sockaddr(*address.get());
}

bool connected_to_itself(int fd) {
  const auto local = local_address(fd);
  const auto remote = remote_address(fd);
  return local && remote && *local == *remote;
}

SocketStats socket_stats(int fd) {
  SocketStats stats;
  int bytes = 0;
  if (::ioctl(fd, SIOCINQ, &bytes) == 0 && bytes > 0)
    stats.unread_bytes = static_cast<unsigned>(bytes);
  if (::ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0) {
    stats.unacknowledged_bytes = static_cast<unsigned>(bytes);
  }
  using std::chrono::microseconds;
  tcp_info info{};  // an older kernel fills in less of it; the rest stays 0
  socklen_t length = 0;
  if (!read_info(fd, info, length)) return stats;
  stats.over = info.tcpi_state == kTcpClose;
  stats.rtt = microseconds(info.tcpi_rtt);
  stats.unsent_bytes = info.tcpi_notsent_bytes;
  stats.delivery_rate_bytes_s = info.tcpi_delivery_rate;
  if (info.tcpi_min_rtt != ~std::uint32_t{0}) stats.min_rtt = microseconds(info.tcpi_min_rtt);
  stats.acknowledged_bytes = info.tcpi_bytes_acked;
  stats.sent_bytes = info.tcpi_bytes_sent;
  stats.sent_again_bytes = info.tcpi_bytes_retrans;
  stats.busy = microseconds(info.tcpi_busy_time);
  stats.receive_window_limited = microseconds(info.tcpi_rwnd_limited);
  stats.send_buffer_limited = microseconds(info.tcpi_sndbuf_limited);
  return stats;
}

void set_pacing_rate(int fd, std::uint64_t bytes_s) {
  const std::uint64_t rate = bytes_s > 0 ? bytes_s : ~std::uint64_t{0};
  ::setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate);  // 64 bits: Linux 4.20
}

int tcp_state(int fd) {
  tcp_info info{};
  socklen_t length = 0;
  return read_info(fd, info, length) ? info.tcpi_state : -1;
}

}  // namespace longthrow
