// SPDX-License-Identifier: Apache-2.0
// The configuration as the control plane needs it: files on disk in the daemon, memory in tests.
#pragma once

#include <string>
#include <vector>

#include "longthrow/config.h"
#include "longthrow/error.h"
#include "proxy/config/drbd_connections.h"

namespace longthrow::control {

// The changes from one configuration to another, a line each ("link.dr.memlimit: 1GiB -> 2GiB").
struct ConfigDifference {
  std::vector<std::string> live;     // a reload applies it
  std::vector<std::string> restart;  // acts only after a restart
};

// Control thread only.
class ConfigStore {
 public:
  struct Loaded {
    Config config;
    std::vector<std::string> warnings;
  };

  virtual ~ConfigStore() = default;
  // Reads and checks everything anew. On failure: every error, "file:line: key: what" each.
  [[nodiscard]] virtual std::expected<Loaded, std::vector<std::string>> load() = 0;
  [[nodiscard]] virtual ConfigDifference difference(const Config& from, const Config& to) const = 0;
  // Keeps one setting of a link beyond a restart; returns the file that it was written to.
  [[nodiscard]] virtual Result<std::string> save(const std::string& link,
                                                 const std::string& setting,
                                                 const std::string& value) = 0;
  // Keeps the connections of drbd-proxy-ctl beyond a restart.
  [[nodiscard]] virtual Result<void> save(const DrbdConnections& connections) = 0;
};

}  // namespace longthrow::control
