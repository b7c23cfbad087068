// SPDX-License-Identifier: Apache-2.0
// How a channel ended, and how much what its end destroyed weighs. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "longthrow/losses.h"
#include "longthrow/time.h"

namespace longthrow {

// How a channel ended, and what its end destroyed.
struct ChannelEnd {
  enum class How : std::uint8_t {
    in_order,       // both directions at their ends
    half_in_order,  // one direction at its end; whoever said it did not take the rest of the other
    aborted,        // by one of the two programs
    broken,         // by our target, in the middle: the peer may hold what nobody takes any more
    cut,            // by Longthrow: the session ended, the route was removed
    taken,          // by a takeover: what was delivered until then is the copy
  };
  How how = How::aborted;
  std::uint64_t lost_bytes = 0;        // accepted at either end, and not known to be delivered
  std::uint64_t to_peer_bytes = 0;     // of these, those that the peer lacks
  std::optional<TimePoint> oldest_at;  // of these: when the oldest was read
  std::uint64_t newest_serial = 0;     // of the link's channels: higher ones came after this end
  std::string reason;
};

// Less than this is the last word of a connection that is given up (an error text, a farewell): no
// alarm where the rest of the route is well.
inline constexpr std::uint64_t kTrifleBytes = 1024;

// Is the end of a channel that lost `bytes` to alarm anybody? `to_peer_bytes` of them lacks the
// peer. What ends in the midst is, but for the last answers to a peer that was given up.
[[nodiscard]] inline LossWeight weigh_loss(ChannelEnd::How how, std::uint64_t bytes,
                                           std::uint64_t to_peer_bytes) {
  using enum ChannelEnd::How;
  const bool answers = how == taken && bytes == to_peer_bytes;
  const bool midst = how == cut || how == broken || (how == taken && !answers);
  return !midst && bytes < kTrifleBytes ? LossWeight::minor : LossWeight::full;
}

}  // namespace longthrow
