// SPDX-License-Identifier: Apache-2.0
// What one direction of the emulated WAN does to packets. Command line and control socket set the
// same keys through the same table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "longthrow/error.h"
#include "longthrow/time.h"

namespace longthrow::wanlink {

// Gilbert-Elliott: a two-state chain that steps once for each MTU segment. Off while `enter` is 0.
struct BurstLoss {
  double enter = 0.0;  // probability of good -> bad
  double leave = 1.0;  // probability of bad -> good; 1/leave is the mean length of a burst
  double loss = 1.0;   // of a segment in the bad state
};

enum class OutageMode : std::uint8_t {
  drop,  // a cut: what is queued, in flight or sent meanwhile is lost
  hold,  // a pause: the queue stands still (and overflows), in-flight packets still arrive
};

struct DirectionSettings {
  Duration delay{0};              // propagation, one way
  Duration jitter{0};             // up to this much more for each packet, never out of order
  std::uint64_t rate_bits_s = 0;  // of IP packets; 0: unlimited
  std::uint64_t queue_bytes = 1'000'000;
  double loss = 0.0;  // of each MTU segment, independently
  BurstLoss burst;
  OutageMode outage_mode = OutageMode::drop;
};

// Sets one key: delay, rtt (half of it), jitter, rate, queue, loss, burst-loss, outage-mode.
[[nodiscard]] Result<void> apply_setting(DirectionSettings& settings, std::string_view key,
                                         std::string_view value);

}  // namespace longthrow::wanlink
