// SPDX-License-Identifier: Apache-2.0
// From text to a checked configuration. `parse_config` is pure; `load_config` is its edge to the
// disk.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "longthrow/config.h"
#include "proxy/config/document.h"
#include "proxy/config/report.h"

namespace longthrow {

struct Loaded {
  Config config;
  std::vector<ConfigError> warnings;  // worth a log line at every start
};
using LoadResult = std::expected<Loaded, std::vector<ConfigError>>;

// The folders that a service manager has made for this instance; empty: it has made none. They take
// the place of the defaults of node.control and node.state_dir, so that instances need not name
// them.
struct NodeFolders {
  std::string runtime;
  std::string state;
};

// `sources` are one configuration: the main file first, then those of conf.d. `host_name` names the
// node where the text does not. All errors are found, not only the first; at most 20 are returned,
// never none.
[[nodiscard]] LoadResult parse_config(const std::vector<SourceText>& sources,
                                      std::string_view host_name, const NodeFolders& folders = {});

// Reads `main_file` and the files *.toml of the directory conf.d beside it, in the order of their
// names, and parses them; the folders are those of systemd's RUNTIME_DIRECTORY and STATE_DIRECTORY.
// Blocks on the disk. A missing conf.d is an empty one.
[[nodiscard]] LoadResult load_config(const std::filesystem::path& main_file);

}  // namespace longthrow
