// SPDX-License-Identifier: Apache-2.0
// What a monitoring system is told of a node's status, in the form of the Monitoring Plugins
// Development Guidelines. Pure.
#pragma once

#include <string>

#include "longthrow/status.h"

namespace longthrow::check {

// The exit codes.
enum class Level : std::uint8_t { ok = 0, warning = 1, critical = 2, unknown = 3 };

// Seconds. Beyond `critical` it is critical, beyond `warning` a warning.
struct Limits {
  double warning = 60;
  double critical = 600;
};
struct Wishes {
  std::string link;   // one link and its groups alone; "": all
  std::string group;  // one group alone, without its link; "": all
  Limits lag;         // of a link: what the peer lacks of ours
  Limits age;         // of a group: how old our copy of the peer's data is
};

struct Verdict {
  Level level = Level::ok;
  std::string line;  // "LONGTHROW OK - ... | 'dr lag'=0.1s;60;600;0 ..."
};

// Texts of the status must be safe for a terminal, as cli::read_status() makes them.
[[nodiscard]] Verdict judge(const Status& status, const Wishes& wishes);

}  // namespace longthrow::check
