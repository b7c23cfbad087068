// SPDX-License-Identifier: Apache-2.0
// What a link has already noted about the end of one channel.
#pragma once

#include <cstdint>

#include "longthrow/losses.h"
#include "longthrow/time.h"

namespace longthrow {

struct ChannelAccount {
  std::uint64_t newest_serial_at_end = 0;  // newest channel of the link when the leg was closed

  // --- the leg's bytes
  bool loss_noted = false;             // the undelivered bytes are in the ledger
  LossCause loss_cause;                // why
  std::uint64_t late_bytes_told = 0;   // thrown-away bytes that are in the ledger
  std::uint64_t short_bytes_told = 0;  // bytes in the group's shortfall, for later drains
  // `over`: the peer will say nothing more about these bytes. Before that, the link waits for its
  // final mark since `final_since`, when `final_offset` was delivered.
  bool over = false;
  TimePoint final_since{};
  std::uint64_t final_offset = 0;
  std::uint64_t peer_delivered_counted = 0;  // of what the peer has delivered, in the link's sum

  // --- the peer's bytes
  std::uint64_t lost_bytes_told = 0;
  std::uint64_t delivered_counted = 0;
};

}  // namespace longthrow
