// SPDX-License-Identifier: Apache-2.0
// The configuration files of a daemon.
#pragma once

#include <filesystem>
#include <string>

#include "proxy/control/config_store.h"

namespace longthrow::control {

class FileConfigStore final : public ConfigStore {
 public:
  explicit FileConfigStore(std::filesystem::path main_file) : main_file_(std::move(main_file)) {}
  // The folder in which this daemon keeps state while it runs, whatever the files say later.
  void set_state_dir(std::string state_dir) { state_dir_ = std::move(state_dir); }

  std::expected<Loaded, std::vector<std::string>> load() override;
  ConfigDifference difference(const Config& from, const Config& to) const override;
  Result<std::string> save(const std::string& link, const std::string& setting,
                           const std::string& value) override;
  Result<void> save(const DrbdConnections& connections) override;

 private:
  std::filesystem::path main_file_;
  std::string state_dir_;
};

}  // namespace longthrow::control
