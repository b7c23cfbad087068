// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/control_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proxy/base/log.h"

namespace longthrow::wanlink {

Result<sockaddr_un> control_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return fail(format("{}: too long for a UNIX socket (107 characters at most)", path));
  }
  path.copy(address.sun_path, path.size());
  return address;
}

Result<Fd> connect_control(const std::string& path) {
  const auto address = control_address(path);
  if (!address) return std::unexpected(address.error());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return fail(format("no socket: {}", std::strerror(errno)), errno);
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) !=
      0) {
    return fail(format("nobody answers at {} ({}). Is the emulator running with --control {}?",
                       path, std::strerror(errno), path),
                errno);
  }
  return socket;
}

Result<std::string> send_command(const std::string& path, const std::string& command) {
  auto socket = connect_control(path);
  if (!socket) return std::unexpected(socket.error());
  std::string line = command + '\n';
  // A newline inside would be a second command, whose answer nobody reads.
  std::replace(line.begin(), line.end() - 1, '\n', ' ');
  std::string answer;
  ssize_t got = ::send(socket->get(), line.data(), line.size(), MSG_NOSIGNAL);
  while (got > 0 && answer.find('\n') == std::string::npos) {
    char chunk[4096];
    got = ::recv(socket->get(), chunk, sizeof(chunk), 0);
    if (got > 0) answer.append(chunk, static_cast<std::size_t>(got));
  }
  if (got <= 0) return fail(format("{}: the emulator did not answer", path));
  answer.pop_back();
  return answer;
}

}  // namespace longthrow::wanlink
