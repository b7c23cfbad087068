// SPDX-License-Identifier: Apache-2.0
// The loop's thread, which carries the data, writes this file every 10 s, so it must not wait for
// the disk. A rename without an fsync leaves the old file or the new one after a crash, and the old
// one is only older.
#include "proxy/groups/copies_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/base/sealed_text.h"

namespace longthrow {
namespace {

std::filesystem::path path_of(const std::string& state_dir) {
  return std::filesystem::path(state_dir) / "copies";
}

// Nothing: they are not as they were written.
std::optional<SavedCopies> parse(const std::string& text) {
  SavedCopies copies;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string kind;
    std::string group;
    SavedCopy copy;
    if (!(words >> kind >> copy.as_of_ns >> copy.streams >> group) || kind != "copy")
      return std::nullopt;
    copies[group] = copy;
  }
  return copies;
}

}  // namespace

SavedCopies load_copies(const std::string& state_dir) {
  const std::filesystem::path path = path_of(state_dir);
  const auto read = read_sealed_file(path);
  if (read && !*read) return {};
  if (!read && read.error().code != ErrorCode::damaged_file) return {};
  if (auto copies = read ? parse(**read) : std::nullopt) return *copies;
  const std::filesystem::path aside = path.string() + ".damaged";
  std::error_code error;
  std::filesystem::rename(path, aside, error);
  log_warning("{} is damaged, so the `as of` times of the copies are not known; it is kept as {}",
              path.string(), aside.string());
  return {};
}

Result<void> save_copies(const std::string& state_dir, const SavedCopies& copies) {
  const std::filesystem::path path = path_of(state_dir);
  const std::filesystem::path fresh = path.string() + ".new";
  std::string lines;
  for (const auto& [group, copy] : copies)
    lines += format("copy {} {} {}\n", copy.as_of_ns, copy.streams, group);
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << sealed_text(std::move(lines));
    file.flush();
    if (!file) return fail(format("cannot write {}: {}", fresh.string(), std::strerror(errno)));
  }
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  if (error) return fail(format("cannot replace {}: {}", path.string(), error.message()));
  return {};
}

}  // namespace longthrow
