// SPDX-License-Identifier: Apache-2.0
// The edge of `set --save`. Replacing a file durably takes four steps: write a new file beside it,
// fsync it (or a crash after the rename may leave it empty), rename it over the old one, and fsync
// the folder (or the rename itself may be lost).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "proxy/base/log.h"
#include "proxy/config/saved_settings.h"

namespace longthrow {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const char* what, const fs::path& file) {
  const int error = errno;
  return fail(format("cannot {} {}: {}", what, file.string(), strerror(error)), error);
}

class File {
 public:
  File(const fs::path& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
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

Result<void> write_new(const fs::path& path, std::string_view text) {
  const File file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
  if (!file.is_open()) return failed("create", path);
  if (!file.write_all(text) || !file.sync()) return failed("write", path);
  return {};
}

Result<void> sync_folder(const fs::path& path) {
  const File folder(path, O_RDONLY | O_DIRECTORY);
  if (!folder.is_open() || !folder.sync()) return failed("sync", path);
  return {};
}

Result<void> replace_file(const fs::path& path, std::string_view text) {
  const fs::path fresh = path.string() + ".new";
  unlink(fresh.c_str());  // left by a crash
  auto result = write_new(fresh, text);
  if (result && rename(fresh.c_str(), path.c_str()) != 0) result = failed("replace", path);
  if (!result) {
    unlink(fresh.c_str());
    return result;
  }
  return sync_folder(path.parent_path());
}

Result<std::string> read_text(const fs::path& path) {
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

}  // namespace

Result<void> save_setting(const fs::path& main_file, const SavedSetting& setting) {
  std::error_code error;
  const fs::path path = fs::absolute(main_file, error).parent_path() / kSavedSettingsFile;
  const fs::path folder = path.parent_path();
  const bool created = fs::create_directory(folder, error);
  if (error) return fail(format("cannot create {}: {}", folder.string(), error.message()));
  if (created) {
    auto synced = sync_folder(folder.parent_path());
    if (!synced) return synced;
  }
  const auto old_text = read_text(path);
  if (!old_text) return std::unexpected(old_text.error());
  const auto new_text = update_saved_settings(*old_text, setting);
  if (!new_text) return std::unexpected(new_text.error());
  return replace_file(path, *new_text);
}

}  // namespace longthrow
