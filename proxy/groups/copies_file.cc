// SPDX-License-Identifier: Apache-2.0
#include "proxy/groups/copies_file.h"

#include <filesystem>
#include <sstream>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/base/state_lines.h"

namespace longthrow {
namespace {

std::filesystem::path file_of_copies(const std::string& state_dir) {
  return std::filesystem::path(state_dir) / "copies";
}

}  // namespace

SavedCopies load_copies(const std::string& state_dir) {
  SavedCopies copies;
  const auto loaded = load_state_lines(file_of_copies(state_dir), [&](const std::string& line) {
    std::istringstream words(line);
    std::string kind;
    std::string group;
    SavedCopy copy;
    if (!(words >> kind >> copy.as_of_ns >> copy.streams >> group) || kind != "copy") return false;
    copies[group] = copy;
    return true;
  });
  if (loaded) return copies;
  if (loaded.error().code == ErrorCode::damaged_file) {
    log_warning("{}: the `as of` times of the copies are not known", loaded.error().message);
  }
  return {};
}

Result<void> save_copies(const std::string& state_dir, const SavedCopies& copies) {
  std::string lines;
  for (const auto& [group, copy] : copies)
    lines += format("copy {} {} {}\n", copy.as_of_ns, copy.streams, group);
  return save_state_lines(file_of_copies(state_dir), std::move(lines));
}

}  // namespace longthrow
