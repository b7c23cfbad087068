// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "longthrow/config.h"
#include "proxy/base/log.h"

namespace longthrow {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  const int fd_;
};

std::unexpected<Error> fail_errno(const std::string& path, const char* verb) {
  const int error = errno;
  return fail(format("{}: cannot {} it: {}", path, verb, std::strerror(error)), error);
}

Result<void> check_rights(const std::string& path, const struct stat& status) {
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return fail(
        format("{}: it belongs to user {}; a secret must belong to root or to the user that "
               "runs this program (chown it)",
               path, status.st_uid));
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(format("{}: others than its owner can use it (mode {:04o}); chmod 600 it", path,
                       status.st_mode & 07777U));
  }
  return {};
}

Result<Secret> read_all(const std::string& path, int fd, std::size_t size) {
  Secret content(size + 1);  // one more byte shows growth
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = ::read(fd, content.span().data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(path, "read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled > size) return fail(format("{}: it changed while it was read", path));
  content.truncate(filled);
  return content;
}

std::unexpected<Error> not_regular(const std::string& path) {
  return fail(format("{}: it is not a regular file", path));
}

Result<Secret> read_regular(const std::string& path, int fd, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return not_regular(path);
  if (status.st_size > static_cast<off_t>(kKeyMaterialBytesMax)) {
    return fail(
        format("{}: it is too large ({} bytes) for keys or certificates", path, status.st_size));
  }
  return read_all(path, fd, static_cast<std::size_t>(status.st_size));
}

enum class Rights : std::uint8_t { secret, anybody };

// systemd has put it there for this service alone. What shows as rights of the group may be the
// mask of an ACL by which it lets our user read; so only the rights of all others count.
Result<Secret> read_credential(const std::string& path) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') {
    return fail(
        format("{}: CREDENTIALS_DIRECTORY is not set: only what systemd starts, with "
               "LoadCredential= in its unit, has credentials",
               path));
  }
  const std::string file = format("{}/{}", folder, path.substr(kCredentialPrefix.size()));
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (opened.get() < 0 && errno == ENOENT) {
    return fail(
        format("{}: the unit has no credential of this name; see LoadCredential= in "
               "systemd.exec(5)",
               path));
  }
  if (opened.get() < 0 || ::fstat(opened.get(), &status) != 0) return fail_errno(path, "open");
  if ((status.st_mode & S_IRWXO) != 0) return fail(format("{}: everybody can use it", path));
  return read_regular(path, opened.get(), status);
}

Result<Secret> read_file(const std::string& path, Rights rights) {
  if (path.starts_with(kCredentialPrefix)) return read_credential(path);
  // Non-blocking, so that a FIFO in the place of a file cannot stop the program.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return fail_errno(path, "open");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(path, "examine");
  if (!S_ISREG(status.st_mode)) return not_regular(path);
  if (rights == Rights::secret) {
    if (auto checked = check_rights(path, status); !checked)
      return std::unexpected(checked.error());
  }
  return read_regular(path, file.get(), status);
}

Result<void> write_all(const std::string& path, int fd, std::string_view text) {
  if (::fchmod(fd, S_IRUSR | S_IWUSR) != 0) return fail_errno(path, "set the mode of");
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail_errno(path, "write");
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::fsync(fd) != 0) return fail_errno(path, "write");
  return {};
}

}  // namespace

Result<Secret> read_private_file(const std::string& path) {
  return read_file(path, Rights::secret);
}

Result<Secret> read_public_file(const std::string& path) {
  return read_file(path, Rights::anybody);
}

Result<void> write_new_private_file(const std::string& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                               S_IRUSR | S_IWUSR));
  if (file.get() < 0 && errno == EEXIST) {
    return fail(format("{}: it exists already; a key file is never overwritten", path), EEXIST);
  }
  if (file.get() < 0) return fail_errno(path, "create");
  auto written = write_all(path, file.get(), text);
  if (!written) ::unlink(path.c_str());
  return written;
}

}  // namespace longthrow
