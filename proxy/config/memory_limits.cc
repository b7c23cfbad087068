// SPDX-License-Identifier: Apache-2.0
// Control groups: /proc/self/cgroup has a line "0::/a/b" for version 2 and "4:memory:/a/b" for the
// memory controller of version 1. A limit of any parent holds for us, too. Inside a container the
// path is often the host's while only our own group is mounted: then the files are missing along
// the path, and the mount's root has our limit; so we look at every step up to the root. Version 1
// says "unlimited" with a number near 2^63.
#include "proxy/config/memory_limits.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/config/units.h"

namespace longthrow {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 62;

std::optional<std::uint64_t> read_number(const fs::path& file) {
  std::ifstream stream(file);
  std::string word;
  if (!(stream >> word)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;  // "max"
  return number < kUnlimited ? std::optional(number) : std::nullopt;
}

void tighten(const fs::path& mount, const std::string& group, const char* file,
             MemoryLimits& limits) {
  const fs::path inside = fs::path(group).relative_path().lexically_normal();
  // A process moved out of its namespace's root sees "/..": only the mount's root is left to ask.
  const bool outside = !inside.empty() && *inside.begin() == "..";
  fs::path folder = outside ? mount : mount / inside;
  for (;;) {
    const auto bytes = read_number(folder / file);
    if (bytes && (!limits.cgroup_bytes || *bytes < *limits.cgroup_bytes)) {
      limits.cgroup_bytes = bytes;
      limits.cgroup_file = (folder / file).string();
    }
    if (folder == mount || !folder.has_relative_path()) return;
    folder = folder.parent_path();
  }
}

// One line of /proc/self/cgroup: ID:CONTROLLERS:PATH.
void read_cgroup_line(const std::string& line, const fs::path& mounts, MemoryLimits& limits) {
  const auto first = line.find(':');
  const auto second = line.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return;
  const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
  const std::string group = line.substr(second + 1);
  if (controllers == ",,") {
    tighten(mounts, group, "memory.max", limits);
    tighten(mounts / "unified", group, "memory.max", limits);
  } else if (controllers.find(",memory,") != std::string::npos) {
    tighten(mounts / "memory", group, "memory.limit_in_bytes", limits);
  }
}

std::uint64_t read_ram_bytes(const fs::path& meminfo) {
  std::ifstream stream(meminfo);
  std::string line;
  while (std::getline(stream, line)) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t kib = 0;
    if (words >> name >> kib && name == "MemTotal:") return kib * kKiB;
  }
  return 0;
}

std::string mib(std::uint64_t bytes) { return format("{} MiB", bytes / kMiB); }

}  // namespace

Result<void> check_memory(const Config& config, const MemoryLimits& limits) {
  if (config.node.overcommit) return {};
  std::uint64_t needed = 0;
  for (const auto& [name, link] : config.links) needed += link.memlimit + kLinkOverheadBytes;
  const std::string links =
      format("the memlimits of {} link{}, plus 64 MiB each, are {}", config.links.size(),
             config.links.size() == 1 ? "" : "s", mib(needed));
  const std::string remedy = "; lower memlimit, or set overcommit = true in [node]";
  if (limits.cgroup_bytes && needed > *limits.cgroup_bytes) {
    return fail(format("{}, but the control group allows {} ({}){}", links,
                       mib(*limits.cgroup_bytes), limits.cgroup_file, remedy));
  }
  const std::uint64_t usable = limits.ram_bytes / 10 * 8;
  if (limits.ram_bytes != 0 && needed > usable) {
    return fail(format("{}, but 80 % of this machine's RAM are {}{}", links, mib(usable), remedy));
  }
  return {};
}

MemoryLimits read_memory_limits(const fs::path& root) {
  MemoryLimits limits;
  limits.ram_bytes = read_ram_bytes(root / "proc/meminfo");
  std::ifstream stream(root / "proc/self/cgroup");
  std::string line;
  while (std::getline(stream, line)) read_cgroup_line(line, root / "sys/fs/cgroup", limits);
  return limits;
}

}  // namespace longthrow
