// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/control_server.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "proxy/base/log.h"
#include "tools/wanlink/control_client.h"

namespace longthrow::wanlink {

ControlServer::~ControlServer() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<void> ControlServer::open(const std::string& path) {
  const auto address = control_address(path);
  if (!address) return std::unexpected(address.error());
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) return fail(format("{} exists and is no socket", path));
    if (connect_control(path)) return fail(format("{}: another wanlink serves this socket", path));
    ::unlink(path.c_str());
  }
  listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (listener_.get() < 0) return fail(format("no socket: {}", std::strerror(errno)), errno);
  const mode_t mask = ::umask(0177);
  const int bound =
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address));
  const int error = errno;
  ::umask(mask);
  if (bound != 0) return fail(format("cannot make {}: {}", path, std::strerror(error)), error);
  path_ = path;
  if (::listen(listener_.get(), kConnectionsMax) != 0) {
    return fail(format("cannot listen on {}: {}", path, std::strerror(errno)), errno);
  }
  return {};
}

void ControlServer::add_to(std::vector<pollfd>& polled) const {
  // With all places taken the listener's backlog waits; poll would only spin on it.
  if (listener_.valid() && connections_.size() < kConnectionsMax) {
    polled.push_back({.fd = listener_.get(), .events = POLLIN, .revents = 0});
  }
  for (const Connection& connection : connections_) {
    polled.push_back({.fd = connection.socket.get(), .events = POLLIN, .revents = 0});
  }
}

void ControlServer::serve(const Handler& handler) {
  if (!listener_.valid()) return;
  accept_all();
  for (auto it = connections_.begin(); it != connections_.end();) {
    it = serve_one(*it, handler) ? std::next(it) : connections_.erase(it);
  }
}

void ControlServer::accept_all() {
  while (connections_.size() < kConnectionsMax) {
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid()) return;
    connections_.push_back({.socket = std::move(socket), .unread = {}});
  }
}

bool ControlServer::serve_one(Connection& connection, const Handler& handler) {
  char chunk[kLineBytesMax];
  const ssize_t got = ::recv(connection.socket.get(), chunk, sizeof(chunk), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  connection.unread.append(chunk, static_cast<std::size_t>(got));
  for (auto end = connection.unread.find('\n'); end != std::string::npos;
       end = connection.unread.find('\n')) {
    const std::string answer = handler(std::string_view(connection.unread).substr(0, end)) + '\n';
    connection.unread.erase(0, end + 1);
    // The socket's buffer holds many answers; who reads none of them is dropped.
    const ssize_t sent =
        ::send(connection.socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(answer.size())) return false;
  }
  return connection.unread.size() < kLineBytesMax;
}

}  // namespace longthrow::wanlink
