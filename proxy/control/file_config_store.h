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

  std::expected<Loaded, std::vector<std::string>> load() override;
  ConfigDifference difference(const Config& from, const Config& to) const override;
  Result<std::string> save(const std::string& link, const std::string& setting,
                           const std::string& value) override;

 private:
  std::filesystem::path main_file_;
};

}  // namespace longthrow::control
