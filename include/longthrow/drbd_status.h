// SPDX-License-Identifier: Apache-2.0
// What a node knows of the DRBD inside a route. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "longthrow/status_words.h"

namespace longthrow {

// What a route of protocol drbd has carried since the node's start, as its packets say.
struct DrbdStatus {
  struct Volume {
    std::uint64_t writes = 0;
    std::uint64_t write_bytes = 0;
    std::uint64_t resync_bytes = 0;
  };
  struct Direction {
    std::uint64_t barriers = 0;
    std::uint64_t barrier_acks = 0;
    std::map<std::uint16_t, Volume> volumes;  // 65535: no number, or too many of them
  };
  struct Disks {  // as was last said of them: "up to date", "inconsistent", ...
    std::string here;
    std::string peer;
  };
  bool paired = false;  // a data and a meta connection are open, and DRBD has agreed on them
  // Age of the oldest barrier that the peer's DRBD has not acknowledged; nothing: not paired.
  std::optional<double> lag_s;
  std::uint64_t barriers_open = 0;  // sent and not acknowledged
  bool answers_pings = false;       // while the link is down
  std::uint64_t pings_answered = 0;
  std::optional<Side> ahead;  // whose DRBD has stopped mirroring
  Direction sent;
  Direction received;
  std::map<std::uint16_t, Disks> disks;  // empty: a protocol that is not understood
};

}  // namespace longthrow
