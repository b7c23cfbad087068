// SPDX-License-Identifier: Apache-2.0
// What will go wrong, said before it does. Pure: from what the daemon, DRBD and the kernel say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "longthrow/status.h"
#include "tools/longthrow/drbd_config.h"

namespace longthrow::cli {

// Of this host.
struct HostFacts {
  std::string congestion_controls;            // net.ipv4.tcp_available_congestion_control
  std::optional<std::uint64_t> tcp_wmem_max;  // the third number of net.ipv4.tcp_wmem
  std::optional<std::uint64_t> tcp_rmem_max;
  std::string drbd_version;  // the loaded module's, "8.4.11"; "": none
};
[[nodiscard]] HostFacts read_host_facts();

struct Finding {
  std::string about;   // "resource r0", "link dr", "this host"
  std::string what;    // a sentence or two: what happens, and why
  std::string remedy;  // the line to write, or what to run
};

struct Diagnosis {
  std::vector<Finding> findings;
  std::vector<std::string> notes;  // what was not looked at, and why
};

[[nodiscard]] Diagnosis diagnose(const Status& status, const std::vector<DrbdResource>& resources,
                                 const HostFacts& host);

}  // namespace longthrow::cli
