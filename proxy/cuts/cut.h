// SPDX-License-Identifier: Apache-2.0
// A cut: one offset for each channel of a group. The bytes between two cuts are an epoch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "longthrow/source_positions.h"
#include "longthrow/status_words.h"

namespace longthrow {

struct ChannelOffset {
  std::uint64_t channel = 0;
  std::uint64_t offset = 0;
  friend bool operator==(const ChannelOffset&, const ChannelOffset&) = default;
};

struct Cut {
  // source: at one moment every source had written exactly so much; freeze: the sources were
  // stopped, and all that they had written was here; observed: two successive looks at what was
  // received agreed, which is no proof, since a source may have written what has not been sent.
  Proof proof = Proof::none;
  std::vector<ChannelOffset> offsets;  // by channel, ascending
  // The copy that ends here is not older than this moment.
  TimePoint as_of{};
};

// Why readings do not prove a cut, and which channel is in the way.
enum class CutObstacle : std::uint8_t {
  moving,      // no moment is known at which every source's position is known
  closing,     // a source has ended its direction; its last offset is not known yet
  unreadable,  // a source's socket has no position: `state` says why
};
struct NotProven {
  CutObstacle obstacle = CutObstacle::moving;
  std::uint64_t channel = 0;
  SourceState state = SourceState::open;
};

// For people: "its sources write all the time".
[[nodiscard]] std::string describe(const NotProven& why);

}  // namespace longthrow
