// SPDX-License-Identifier: Apache-2.0
// The edge of the loader: directories, files and the host name.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "proxy/base/log.h"
#include "proxy/config/load.h"

namespace longthrow {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = kMiB;
constexpr std::size_t kFilesMax = 1000;

ConfigError file_error(const fs::path& file, std::string message) {
  return {file.string(), 0, "", std::move(message)};
}

std::expected<SourceText, ConfigError> read_file(const fs::path& file) {
  // A directory can be opened and fails only at the first read; reading a FIFO would never end.
  std::error_code error;
  const auto status = fs::status(file, error);
  if (!error && fs::exists(status) && !fs::is_regular_file(status)) {
    return std::unexpected(file_error(file, "not a regular file"));
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    return std::unexpected(file_error(file, format("cannot be read: {}", strerror(errno))));
  std::string text(kFileBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return std::unexpected(file_error(file, "cannot be read"));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kFileBytesMax) return std::unexpected(file_error(file, "larger than 1 MiB"));
  return SourceText{file.string(), std::move(text)};
}

std::expected<std::vector<fs::path>, ConfigError> list_conf_d(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::path& file = entries->path();
    if (file.extension() == ".toml" && !file.filename().string().starts_with('.')) {
      files.push_back(file);
    }
  }
  if (error) return std::unexpected(file_error(folder, "cannot be read: " + error.message()));
  if (files.size() > kFilesMax) return std::unexpected(file_error(folder, "more than 1000 files"));
  std::ranges::sort(files);
  return files;
}

// The first of a list that systemd has set for us (systemd.exec(5), RuntimeDirectory=).
std::string folder_of(const char* variable) {
  const char* value = std::getenv(variable);
  const std::string_view list = value == nullptr ? "" : value;
  return std::string(list.substr(0, list.find(':')));
}

std::string read_host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

LoadResult load_config(const std::filesystem::path& main_file) {
  std::error_code ignored;
  const fs::path absolute = fs::absolute(main_file, ignored);
  std::vector<fs::path> files{absolute};
  std::vector<ConfigError> errors;
  auto more = list_conf_d(absolute.parent_path() / "conf.d");
  if (more) {
    files.insert(files.end(), more->begin(), more->end());
  } else {
    errors.push_back(std::move(more.error()));
  }
  std::vector<SourceText> sources;
  for (const fs::path& file : files) {
    auto source = read_file(file);
    if (source) {
      sources.push_back(std::move(*source));
    } else if (errors.size() < Report::kErrorsShownMax) {
      errors.push_back(std::move(source.error()));
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return parse_config(
      sources, read_host_name(),
      {.runtime = folder_of("RUNTIME_DIRECTORY"), .state = folder_of("STATE_DIRECTORY")});
}

}  // namespace longthrow
