// SPDX-License-Identifier: Apache-2.0
// Replacing a file durably takes four steps: write a new file beside it, fsync it (or a crash after
// the rename may leave it empty), rename it over the old one, and fsync the folder (or the rename
// itself may be lost).
#include "proxy/base/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"

namespace longthrow {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const char* what, const fs::path& file) {
  const int error = errno;
  return fail(format("cannot {} {}: {}", what, file.string(), strerror(error)), error);
}

class File {
 public:
  File(const fs::path& path, int flags, unsigned mode = 0)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] bool write_all(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = write(fd_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  [[nodiscard]] bool sync() const { return fsync(fd_) == 0; }

 private:
  int fd_;
};

Result<void> write_new(const fs::path& path, std::string_view text, unsigned mode) {
  const File file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  if (!file.is_open()) return failed("create", path);
  if (!file.write_all(text) || !file.sync()) return failed("write", path);
  return {};
}

Result<void> sync_folder(const fs::path& path) {
  const File folder(path, O_RDONLY | O_DIRECTORY);
  if (!folder.is_open() || !folder.sync()) return failed("sync", path);
  return {};
}

}  // namespace

Result<void> replace_file(const fs::path& path, std::string_view text, unsigned mode) {
  const fs::path fresh = path.string() + ".new";
  unlink(fresh.c_str());  // left by a crash
  auto result = write_new(fresh, text, mode);
  if (planted(Plant::file_left_beside)) return result;
  if (result && rename(fresh.c_str(), path.c_str()) != 0) result = failed("replace", path);
  if (!result) {
    unlink(fresh.c_str());
    return result;
  }
  return sync_folder(path.parent_path());
}

Result<void> append_to_file(const fs::path& path, std::string_view text, unsigned mode) {
  std::error_code error;
  const bool is_new = !fs::exists(path, error);
  const int where = planted(Plant::append_from_begin) ? O_TRUNC : O_APPEND;
  const File file(path, O_WRONLY | O_CREAT | where | O_NOFOLLOW, mode);
  if (!file.is_open()) return failed("open", path);
  if (!file.write_all(text) || !file.sync()) return failed("write", path);
  return is_new ? sync_folder(path.parent_path()) : Result<void>{};
}

Result<void> make_folder(const fs::path& path) {
  std::error_code error;
  const bool created = fs::create_directories(path, error);
  if (error) return fail(format("cannot create {}: {}", path.string(), error.message()));
  return created ? sync_folder(path.parent_path()) : Result<void>{};
}

Result<std::string> read_whole_file(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) return std::string();
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  // An empty file sets failbit on `text`, which is no error.
  if (stream) text << stream.rdbuf();
  if (!stream) return failed("read", path);
  return text.str();
}

}  // namespace longthrow
