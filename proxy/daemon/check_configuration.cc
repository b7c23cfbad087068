// SPDX-License-Identifier: Apache-2.0
#include "proxy/daemon/check_configuration.h"

#include <cstdio>
#include <string>

#include "proxy/base/state_folder.h"
#include "proxy/config/memory_limits.h"
#include "proxy/config/peer_needs.h"
#include "proxy/config/shares.h"
#include "proxy/control/connection_json.h"
#include "proxy/control/file_config_store.h"
#include "proxy/groups/fences.h"
#include "proxy/tls/provider.h"

namespace longthrow {
Result<void> check_memlimits(const Config& config) {
  if (Result<void> shares = check_shares(config); !shares) return shares;
  return check_memory(config, read_memory_limits());
}

Result<void> check_machine(const Config& config) {
  if (Result<void> memory = check_memlimits(config); !memory) return memory;
  return make_tls_provider()->load(config);
}

int check_configuration(const std::filesystem::path& main_file) {
  const auto loaded = control::FileConfigStore(main_file).load();
  if (!loaded) {
    for (const std::string& line : loaded.error()) std::fprintf(stderr, "%s\n", line.c_str());
    return kNotDone;
  }
  for (const std::string& line : loaded->warnings) {
    std::fprintf(stderr, "warning: %s\n", line.c_str());
  }
  if (const Result<void> machine = check_machine(loaded->config); !machine) {
    std::fprintf(stderr, "%s\n", machine.error().message.c_str());
    return kNotDone;
  }
  const std::string& state_dir = loaded->config.node.state_dir;
  if (const Result<void> state = StateFolder::check(state_dir); !state) {
    std::fprintf(stderr, "warning: %s\n", state.error().message.c_str());
  }
  if (const auto fences = load_fences(state_dir); !fences) {
    std::fprintf(stderr, "%s; a start would fence all links\n", fences.error().message.c_str());
    return kNotDone;
  }
  if (const auto saved = control::load_connections(state_dir); !saved) {
    std::fprintf(stderr, "warning: %s\n", saved.error().message.c_str());
  }
  std::printf("%s: good: node %s, %zu link(s), %zu route(s), %zu group(s)\n", main_file.c_str(),
              loaded->config.node.name.c_str(), loaded->config.links.size(),
              loaded->config.routes.size(), loaded->config.groups.size());
  for (const std::string& line : peer_needs(loaded->config)) std::printf("%s\n", line.c_str());
  return kDone;
}

}  // namespace longthrow
