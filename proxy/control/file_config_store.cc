// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/file_config_store.h"

#include "proxy/config/diff.h"
#include "proxy/config/load.h"
#include "proxy/config/saved_settings.h"
#include "proxy/control/connection_json.h"

namespace longthrow::control {
namespace {

std::vector<std::string> to_lines(const std::vector<ConfigError>& errors) {
  std::vector<std::string> lines;
  for (const ConfigError& error : errors) lines.push_back(to_string(error));
  return lines;
}

}  // namespace

std::expected<ConfigStore::Loaded, std::vector<std::string>> FileConfigStore::load() {
  LoadResult loaded = load_config(main_file_);
  if (!loaded) return std::unexpected(to_lines(loaded.error()));
  return Loaded{.config = std::move(loaded->config), .warnings = to_lines(loaded->warnings)};
}

ConfigDifference FileConfigStore::difference(const Config& from, const Config& to) const {
  ConfigDifference out;
  for (const ConfigChange& change : diff(from, to)) {
    (change.live ? out.live : out.restart).push_back(to_string(change));
  }
  return out;
}

Result<std::string> FileConfigStore::save(const std::string& link, const std::string& setting,
                                          const std::string& value) {
  const Result<void> saved =
      save_setting(main_file_, {.link = link, .key = setting, .value = value});
  if (!saved) return std::unexpected(saved.error());
  return (main_file_.parent_path() / kSavedSettingsFile).string();
}

Result<void> FileConfigStore::save(const DrbdConnections& connections) {
  return save_connections(state_dir_, connections);
}

}  // namespace longthrow::control
