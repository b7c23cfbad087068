// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/state_lines.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/base/sealed_text.h"
#include "proxy/base/state_folder.h"

namespace longthrow {

Result<void> load_state_lines(const std::filesystem::path& path,
                              const std::function<bool(const std::string&)>& take) {
  const auto read = read_sealed_file(path);
  if (!read && read.error().code != ErrorCode::damaged_file) return std::unexpected(read.error());
  if (read && !*read) return {};
  bool whole = read.has_value();
  std::istringstream lines(whole ? **read : std::string());
  std::string line;
  while (whole && std::getline(lines, line)) whole = take(line);
  if (whole) return {};
  const auto aside = set_aside(path.string());
  return fail(ErrorCode::damaged_file,
              format("{} is damaged; {}", path.string(),
                     aside ? "it is kept as " + *aside : aside.error().message));
}

Result<void> save_state_lines(const std::filesystem::path& path, std::string lines) {
  const std::filesystem::path fresh = path.string() + ".new";
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
