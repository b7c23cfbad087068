// SPDX-License-Identifier: Apache-2.0
// What a monitoring system is told of a node's status, in the form of the Monitoring Plugins
// Development Guidelines. Pure.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "longthrow/status.h"

namespace longthrow::check {

// The exit codes.
enum class Level : std::uint8_t { ok = 0, warning = 1, critical = 2, unknown = 3 };

// Beyond `critical` it is critical, beyond `warning` a warning.
struct Limits {
  double warning = 60;
  double critical = 600;
};
inline constexpr Limits kNoLimits{.warning = std::numeric_limits<double>::infinity(),
                                  .critical = std::numeric_limits<double>::infinity()};
struct Wishes {
  std::string link;              // one link and its groups alone; "": all
  std::string group;             // one group alone, without its link; "": all
  Limits lag;                    // seconds, of a link: what the peer lacks of ours
  Limits lag_bytes = kNoLimits;  // bytes, of the same
  Limits age;                    // seconds, of a group: how old our copy of the peer's data is
};

struct Verdict {
  Level level = Level::ok;
  std::string line;  // "LONGTHROW OK - ... | 'dr lag'=0.1s;60;600;0 ..."
};

// Texts of the status must be safe for a terminal, as cli::read_status() makes them.
// `unexpected`: what of the status is missing or not understood (expected.h). Where a verdict is
// not critical, anything of that makes it unknown.
[[nodiscard]] Verdict judge(const Status& status, const Wishes& wishes,
                            const std::vector<std::string>& unexpected = {});

}  // namespace longthrow::check
