// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/fences.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

// Without it the file was cut short, and a fence may be missing.
constexpr std::string_view kLastLine = "end";

std::string path_of(const std::string& state_dir) { return state_dir + "/fences"; }

Result<void> write_durably(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return fail(format("cannot write {}: {}", path, std::strerror(errno)), errno);
  const bool ok = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                  ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!ok) return fail(format("cannot write {}: {}", path, std::strerror(error)), error);
  return {};
}

void sync_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

Result<Fences> load_fences(const std::string& state_dir) {
  Fences fences;
  const std::string path = path_of(state_dir);
  errno = 0;
  std::ifstream file(path);
  if (!file && errno == ENOENT) return fences;
  if (!file) {
    return fail(format("cannot read {}, which says what was taken over: make it readable ({})",
                       path, std::strerror(errno)),
                errno);
  }
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string kind;
    std::string name;
    if (!(words >> kind)) continue;
    if (kind == kLastLine) return fences;
    if (!(words >> name) || (kind != "link" && kind != "group")) {
      return fail(format("{}: cannot understand \"{}\"", path, line));
    }
    (kind == "link" ? fences.links : fences.groups).insert(name);
  }
  return fail(
      format("{} is damaged: its last line, \"{}\", is missing. Write down what is to stay taken "
             "over, one \"link NAME\" or \"group NAME\" a line, then that line",
             path, kLastLine));
}

Result<void> save_fences(const std::string& state_dir, const Fences& fences) {
  std::error_code error;
  std::filesystem::create_directories(state_dir, error);
  std::string text;
  for (const std::string& link : fences.links) text += format("link {}\n", link);
  for (const std::string& group : fences.groups) text += format("group {}\n", group);
  text += format("{}\n", kLastLine);
  const std::string path = path_of(state_dir);
  if (auto written = write_durably(path + ".new", text); !written) return written;
  if (::rename((path + ".new").c_str(), path.c_str()) != 0) {
    return fail(format("cannot replace {}: {}", path, std::strerror(errno)), errno);
  }
  sync_directory(state_dir);
  return {};
}

}  // namespace longthrow
