// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/client.h"

#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "proxy/base/log.h"

namespace longthrow::cli {
namespace {

constexpr std::size_t kAnswerBytesMax =
    std::size_t{64} * 1024 * 1024;  // a status of thousands of routes

std::string group_of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  const group* entry = ::getgrgid(found.st_gid);
  return entry != nullptr ? entry->gr_name : format("{}", found.st_gid);
}

std::string explain(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
      return format(
          "no control socket at {}: longthrowd is not running, or it has another one "
          "(see node.control in its configuration; give it with --control)",
          path);
    case ECONNREFUSED:
      return format(
          "nobody answers on {}: longthrowd is not running; start it, e.g. with "
          "`systemctl start longthrowd`",
          path);
    case EACCES:
    case EPERM: {
      const std::string group = group_of(path);
      if (group.empty()) return format("not allowed to use {}: run this as root", path);
      return format("not allowed to use {}: run this as root, or as a user in the group '{}'", path,
                    group);
    }
    default:
      return format("cannot connect to {}: {}", path, std::strerror(error));
  }
}

}  // namespace

Result<Client> Client::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(
        format("--control: the path must have 1 to {} characters", sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(format("socket: {}", std::strerror(errno)), errno);
  Client client(fd);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    return fail(explain(path, error), error);
  }
  return client;
}

Client::Client(Client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), input_(std::move(other.input_)) {}

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> Client::send(const json::object& request) {
  const std::string line = json::serialize(request) + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t result = ::send(fd_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (result < 0 && errno == EINTR) continue;
    if (result <= 0) {
      return fail(format("the daemon does not take the request: {}", std::strerror(errno)), errno);
    }
    sent += static_cast<std::size_t>(result);
  }
  return {};
}

Result<json::object> Client::receive(std::optional<std::chrono::milliseconds> silence) {
  std::size_t searched = 0;
  for (;;) {
    const std::size_t end = input_.find('\n', searched);
    if (end != std::string::npos) {
      json::error_code error;
      json::value value = json::parse(std::string_view(input_).substr(0, end), error);
      input_.erase(0, end + 1);
      if (error || !value.is_object()) return fail("the daemon's answer is not understood");
      return std::move(value.get_object());
    }
    searched = input_.size();
    if (searched > kAnswerBytesMax) return fail("the daemon's answer is too long");
    pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wait, 1, silence ? static_cast<int>(silence->count()) : -1);
    if (ready < 0 && errno == EINTR) return fail("interrupted", EINTR);
    if (ready == 0) return fail("the daemon did not answer in time", ETIMEDOUT);
    std::array<char, 65536> chunk;
    const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      return fail(ErrorCode::peer_closed, "the daemon has closed the connection; look at its log");
    input_.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

Result<json::object> ask(const std::string& path, const json::object& request,
                         std::chrono::milliseconds silence) {
  Result<Client> client = Client::connect(path);
  if (!client) return std::unexpected(client.error());
  if (const Result<void> sent = client->send(request); !sent) return std::unexpected(sent.error());
  return client->receive(silence);
}

}  // namespace longthrow::cli
