// SPDX-License-Identifier: Apache-2.0
// What a link has noted of one channel's end.
#pragma once

#include <cstdint>

#include "longthrow/losses.h"
#include "longthrow/time.h"

namespace longthrow {

struct ChannelAccount {
  std::uint64_t newest_serial_at_end = 0;  // of the link's channels when the leg was closed

  // --- the leg's bytes
  bool loss_noted = false;             // what was under way to the peer
  LossCause loss_cause;                // of that
  std::uint64_t late_bytes_told = 0;   // of those that were thrown away
  std::uint64_t short_bytes_told = 0;  // to drains that begin later
  // The peer says nothing more of them; or it is waited for since then, and was so far.
  bool over = false;
  TimePoint final_since{};
  std::uint64_t final_offset = 0;

  // --- the peer's bytes
  std::uint64_t lost_bytes_told = 0;
  std::uint64_t delivered_counted = 0;
};

}  // namespace longthrow
