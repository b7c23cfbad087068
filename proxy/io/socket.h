// SPDX-License-Identifier: Apache-2.0
// TCP sockets as both backends make them: addresses, options, what the kernel knows of them.
//
// Options are set on the listening socket and inherited by what it accepts (Linux clones them
// before the handshake ends), so that there is no moment in which an accepted leg lacks its
// SO_LINGER: a process killed at any time resets its legs and never ends them cleanly.
#pragma once

#include <sys/socket.h>

#include "longthrow/loop.h"

namespace longthrow {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
[[nodiscard]] Address to_sockaddr(const Endpoint& endpoint);
[[nodiscard]] Endpoint from_sockaddr(const sockaddr& address);

// Whether calls on the descriptor may block. io_uring wants blocking descriptors: with O_NONBLOCK
// it completes with -EAGAIN at once instead of waiting.
enum class Blocking : std::uint8_t { no, yes };

// The descriptor is the caller's. `open_connector` binds to the source, and does not connect yet.
[[nodiscard]] Result<int> open_listener(const Endpoint& local, const ListenOptions& options,
                                        Blocking blocking);
[[nodiscard]] Result<int> open_connector(const Endpoint& remote, const ConnectOptions& options,
                                         Blocking blocking);

enum class OnClose : std::uint8_t { reset, finish };  // SO_LINGER {1, 0}, or off
void set_on_close(int fd, OnClose on_close);
// Sends RST now, whoever else holds the socket: what close(2) does with SO_LINGER {1, 0} when the
// last reference is gone, and io_uring holds one for each operation in flight. After it the kernel
// accepts no more bytes from the peer. Linux 6.4 and 6.5 refuse it while a thread sleeps in the
// socket (EBUSY); then RST waits for close(2).
void disconnect(int fd);

[[nodiscard]] Result<Endpoint> local_address(int fd);
[[nodiscard]] Result<Endpoint> remote_address(int fd);
// A connect to a port of this host's ephemeral range can connect to itself (RFC 9293, 3.5,
// simultaneous open): then everything that we send comes back as if the target had sent it.
[[nodiscard]] bool connected_to_itself(int fd);

[[nodiscard]] SocketStats socket_stats(int fd);
void set_pacing_rate(int fd, std::uint64_t bytes_s);  // 0: no limit
// One of linux/tcp_states.h, as tcpi_state has it; -1 where the kernel does not say.
[[nodiscard]] int tcp_state(int fd);

}  // namespace longthrow
