// SPDX-License-Identifier: Apache-2.0
// From text to a checked configuration. `parse_config` is pure; `load_config` is its edge to the
// disk.
#pragma once

#include <expected>
#include <filesystem>
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

// `sources` are one configuration: the main file first, then those of conf.d. `host_name` names the
// node where the text does not. All errors are found, not only the first; at most 20 are returned,
// never none.
[[nodiscard]] LoadResult parse_config(const std::vector<SourceText>& sources,
                                      std::string_view host_name);

// Reads `main_file` and the files *.toml of the directory conf.d beside it, in the order of their
// names, and parses them. Blocks on the disk. A missing conf.d is an empty one.
[[nodiscard]] LoadResult load_config(const std::filesystem::path& main_file);

}  // namespace longthrow
