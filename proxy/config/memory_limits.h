// SPDX-License-Identifier: Apache-2.0
// Whether this machine has the memory that a configuration may use. A daemon that is killed for
// memory loses all that it had buffered, so this is asked before it starts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "longthrow/config.h"
#include "longthrow/error.h"

namespace longthrow {

struct MemoryLimits {
  std::uint64_t ram_bytes = 0;  // of the machine; 0: not known
  std::optional<std::uint64_t>
      cgroup_bytes;         // the tightest limit of our control group and its parents
  std::string cgroup_file;  // the file that has this limit
};

// What every link may take beside its memlimit (G5).
inline constexpr std::uint64_t kLinkOverheadBytes = 64 * kMiB;

// Fails with a sentence that has the numbers when the memlimits, plus kLinkOverheadBytes a link,
// exceed the control group's limit or 80 % of RAM. Never fails with node.overcommit. Pure.
[[nodiscard]] Result<void> check_memory(const Config& config, const MemoryLimits& limits);

// Reads /proc and the control group (v2, v1, or both mounted); what cannot be read is no limit.
// `root` stands for "/".
[[nodiscard]] MemoryLimits read_memory_limits(const std::filesystem::path& root = "/");

}  // namespace longthrow
