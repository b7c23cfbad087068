// SPDX-License-Identifier: Apache-2.0
// How a channel ended, and how much weight its loss has. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "longthrow/losses.h"
#include "longthrow/time.h"

namespace longthrow {

// How a channel ended, and which bytes that has lost.
struct ChannelEnd {
  enum class How : std::uint8_t {
    in_order,       // both directions came to their ends
    half_in_order,  // one direction came to its end; its program did not take the rest of the other
    aborted,        // one of the two programs aborted it
    broken,         // our target broke it in the middle: the peer may hold bytes in vain
    cut,            // Longthrow ended it: the session ended, the route was removed
    taken,          // a takeover ended it: the bytes delivered until then are the copy
  };
  How how = How::aborted;
  std::uint64_t lost_bytes = 0;        // accepted at either end, and not known to be delivered
  std::uint64_t to_peer_bytes = 0;     // of these, those that the peer lacks
  std::optional<TimePoint> oldest_at;  // when the oldest of these was read
  std::uint64_t newest_serial = 0;     // of the link then: higher serials came after this end
  std::string reason;
};

// A connection that is given up often loses its last words, such as an error text. Losses smaller
// than this are such words: they raise no alarm where the rest of the route is well.
inline constexpr std::uint64_t kTrifleBytes = 1024;

// How much weight the end of a channel has that lost `bytes`; the peer lacks `to_peer_bytes` of
// them. Full from kTrifleBytes on, and for any end in the middle. A takeover that loses only the
// last answers to the old primary is no end in the middle.
[[nodiscard]] inline LossWeight weigh_loss(ChannelEnd::How how, std::uint64_t bytes,
                                           std::uint64_t to_peer_bytes) {
  using enum ChannelEnd::How;
  const bool answers = how == taken && bytes == to_peer_bytes;
  const bool midst = how == cut || how == broken || (how == taken && !answers);
  return !midst && bytes < kTrifleBytes ? LossWeight::minor : LossWeight::full;
}

}  // namespace longthrow
