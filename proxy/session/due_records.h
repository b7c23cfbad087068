// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "proxy/session/channel_core.h"

namespace longthrow {

// Control records that the peer must get with the next turn of the express lane.
struct DueRecords {
  bool routes = false;
  bool ack = false;
  bool credit = false;
  bool heartbeat = false;
  TimePoint ack_at = kNever;
  std::uint64_t unacked_bytes = 0;
  std::vector<std::uint64_t> echoes;
  std::vector<ChannelCore*> delivered;
  std::map<std::uint32_t, wire::ReturnedCredit> returns;  // by group, ours
  std::optional<wire::Marks> marks;
  std::optional<wire::Notices> notices;
  bool epochs = false;
  bool checkpoints = false;
};

}  // namespace longthrow
