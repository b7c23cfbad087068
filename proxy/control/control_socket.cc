// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/control_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "proxy/base/log.h"

namespace longthrow::control {
namespace {

constexpr mode_t kSocketMode = 0660;
constexpr int kBacklog = 64;

std::string errno_text(int error) { return std::strerror(error); }

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(format("node.control: the path '{}' must have 1 to {} characters", path,
                       sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<void> make_directory(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path();
  if (directory.empty() || ::mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return fail(format("node.control: cannot make the directory {}: {}; make it, or set node.control "
                     "to a path that this user may write",
                     directory, errno_text(errno)),
              errno);
}

Result<int> take_lock(const std::string& path) {
  const std::string lock = path + ".lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return fail(format("node.control: cannot open {}: {}; the daemon's user must be able to write "
                       "in that directory",
                       lock, errno_text(errno)),
                errno);
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  ::close(fd);
  return fail(format("node.control: another longthrowd holds {}; stop it, or give this one another "
                     "node.control",
                     path),
              EADDRINUSE);
}

bool somebody_answers(const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return true;
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::close(fd);
  // A full backlog (EAGAIN) and a refusal for want of rights (EACCES) mean that somebody listens,
  // too.
  return result == 0 || error != ECONNREFUSED;
}

Result<void> clear_path(const std::string& path, const sockaddr_un& address) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return fail(format("node.control: cannot look at {}: {}", path, errno_text(errno)), errno);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return fail(
        format("node.control: {} is there and is not a socket; remove it, or set another path",
               path),
        EEXIST);
  }
  if (somebody_answers(address)) {
    return fail(
        format("node.control: another program answers on {}; stop it, or set another path", path),
        EADDRINUSE);
  }
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail(
      format("node.control: cannot remove the stale socket {}: {}", path, errno_text(errno)),
      errno);
}

// The kernel refuses connections until `listen`, so nobody gets in before the file's mode is set.
Result<int> bind_and_listen(const std::string& path, const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(format("node.control: socket: {}", errno_text(errno)), errno);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    if (::chmod(path.c_str(), kSocketMode) == 0 && ::listen(fd, kBacklog) == 0) return fd;
    const int error = errno;
    ::unlink(path.c_str());
    errno = error;
  }
  const int error = errno;
  ::close(fd);
  return fail(format("node.control: cannot listen on {}: {}", path, errno_text(error)), error);
}

}  // namespace

Result<ControlSocket> ControlSocket::open(const std::string& path) {
  const Result<sockaddr_un> address = address_of(path);
  if (!address) return std::unexpected(address.error());
  if (Result<void> made = make_directory(path); !made) return std::unexpected(made.error());
  const Result<int> lock = take_lock(path);
  if (!lock) return std::unexpected(lock.error());
  Result<void> cleared = clear_path(path, *address);
  Result<int> fd = cleared ? bind_and_listen(path, *address) : std::unexpected(cleared.error());
  if (!fd) {
    ::close(*lock);
    return std::unexpected(fd.error());
  }
  struct stat made{};
  const ino_t inode = ::lstat(path.c_str(), &made) == 0 ? made.st_ino : 0;
  return ControlSocket(path, *fd, *lock, inode);
}

ControlSocket::ControlSocket(ControlSocket&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      lock_fd_(std::exchange(other.lock_fd_, -1)),
      inode_(std::exchange(other.inode_, 0)) {}

ControlSocket::~ControlSocket() {
  if (fd_ >= 0) ::close(fd_);
  if (lock_fd_ < 0) return;
  struct stat found{};
  if (::lstat(path_.c_str(), &found) == 0 && S_ISSOCK(found.st_mode) && found.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  ::close(lock_fd_);
}

int ControlSocket::release_fd() { return std::exchange(fd_, -1); }

}  // namespace longthrow::control
