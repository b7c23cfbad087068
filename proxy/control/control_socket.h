// SPDX-License-Identifier: Apache-2.0
// The control socket as a file: made safely, whatever an earlier run has left at its path.
#pragma once

#include <sys/types.h>

#include <string>

#include "longthrow/error.h"

namespace longthrow::control {

// A listening UNIX socket at a path, mode 0660. Owns the descriptor, a lock file `PATH.lock` that
// keeps a second daemon away, and the socket file, which it removes at its end. Movable.
class ControlSocket {
 public:
  // A socket file that nobody listens on is replaced; one that answers, and any other kind of file,
  // is an error that says what to do. The directory is made when only its last part is missing.
  [[nodiscard]] static Result<ControlSocket> open(const std::string& path);

  ControlSocket(ControlSocket&& other) noexcept;
  ControlSocket& operator=(ControlSocket&&) = delete;
  ~ControlSocket();

  // Hands the descriptor over to the caller.
  [[nodiscard]] int release_fd();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  ControlSocket(std::string path, int fd, int lock_fd, ino_t inode)
      : path_(std::move(path)), fd_(fd), lock_fd_(lock_fd), inode_(inode) {}

  std::string path_;
  int fd_ = -1;
  int lock_fd_ = -1;
  ino_t inode_ = 0;
};

}  // namespace longthrow::control
