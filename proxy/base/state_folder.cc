// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "proxy/base/durable_file.h"
#include "proxy/base/log.h"

namespace longthrow {
namespace {

std::unexpected<Error> failed(const char* what, const std::string& path, int error) {
  return fail(format("state_dir: cannot {} {}: {}", what, path, std::strerror(error)), error);
}

std::string holder_of(int lock) {
  std::array<char, 32> text{};
  const ssize_t bytes = pread(lock, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  if (pid.find_first_not_of("0123456789\n") != std::string::npos) return "?";
  return pid.substr(0, pid.find('\n'));
}

}  // namespace

StateFolder::StateFolder(StateFolder&& other) noexcept
    : lock_(std::exchange(other.lock_, -1)),
      found_(other.found_),
      owner_(std::move(other.owner_)) {}

StateFolder::~StateFolder() {
  if (lock_ >= 0) close(lock_);
}

Result<StateFolder> StateFolder::open(const std::string& path, const std::string& node) {
  if (auto made = make_folder(path); !made) return std::unexpected(made.error());
  const std::string name = path + "/lock";
  const int lock = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (lock < 0) return failed("write", name, errno);
  StateFolder folder(lock);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) return failed("lock", name, error);
    return fail(ErrorCode::in_use,
                format("state_dir {} is in use by another longthrowd (process {}): each needs one "
                       "of its own",
                       path, holder_of(lock)));
  }
  const std::string pid = format("{}\n", getpid());
  const bool written = ftruncate(lock, 0) == 0 &&
                       pwrite(lock, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  if (!written) return failed("write", name, errno);
  if (auto marked = folder.mark(path, node); !marked) return std::unexpected(marked.error());
  return folder;
}

Result<void> StateFolder::mark(const std::string& path, const std::string& node) {
  const std::string name = path + "/marker";
  auto text = read_whole_file(name);
  if (!text) return std::unexpected(text.error());
  owner_ = text->substr(0, text->find('\n'));
  found_ = owner_.empty() ? Found::new_here : owner_ == node ? Found::known : Found::foreign;
  if (found_ == Found::known) return {};
  return replace_file(name, node + "\n", 0640);
}

Result<void> StateFolder::check(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path folder = path;
  std::error_code error;
  while (!fs::exists(folder, error) && folder.has_parent_path() && folder != folder.parent_path())
    folder = folder.parent_path();
  if (!fs::is_directory(folder, error)) {
    return fail(format("state_dir {}: {} is not a folder", path, folder.string()), ENOTDIR);
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) return failed("write to", folder.string(), errno);
  return {};
}

Result<std::string> set_aside(const std::string& path) {
  std::string aside = path + ".damaged";
  if (std::rename(path.c_str(), aside.c_str()) != 0) {
    return fail(format("cannot rename {}: {}", path, std::strerror(errno)), errno);
  }
  return aside;
}

}  // namespace longthrow
