// SPDX-License-Identifier: Apache-2.0
// What a restart of a node would cost at this moment. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace longthrow {

// The command: it answers with a RestartReport.
struct RestartCheck {};

// Of one group. Connections only reconnect; everything else is not where it belongs yet.
struct GroupRestart {
  std::string link;
  std::uint64_t connections = 0;         // open, or waiting for the link
  std::uint64_t to_peer_bytes = 0;       // accepted here, not delivered at the peer
  std::uint64_t to_target_bytes = 0;     // arrived here, not acknowledged by the target's TCP
  std::uint64_t barriers_open = 0;       // given here, not acknowledged by the peer's DRBD
  std::uint64_t unapplied_channels = 0;  // whose DRBD here has not acknowledged all its barriers
  // For so long the peer has not said that all it had accepted is here: it may hold more for us,
  // and a restart here ends its session, too. Nothing: it has said so with its last heartbeats.
  std::optional<double> peer_silent_s;

  [[nodiscard]] bool free() const {
    return to_peer_bytes + to_target_bytes + barriers_open + unapplied_channels == 0 &&
           !peer_silent_s;
  }
};

struct RestartReport {
  double stop_timeout_s = 0.0;                 // for so long a stopping node goes on delivering
  std::map<std::string, GroupRestart> groups;  // by name
};

}  // namespace longthrow
