// SPDX-License-Identifier: Apache-2.0
// Guarantee G3: what the targets of a group have is what its sources had written at one moment.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/shadow.h"

namespace longthrow::sim {

// What a target has of a stream.
struct Arrived {
  const ChannelRecord* stream = nullptr;
  std::uint64_t bytes = 0;
};
// "" if there is a moment at which the sources had written just so much; else what is wrong.
[[nodiscard]] std::string no_common_moment(const std::vector<Arrived>& streams);

// The same of the streams of `group` that end at `side`; "" also where it cannot be told.
[[nodiscard]] std::string no_common_moment(const ClusterOptions& options, const Shadow& shadow,
                                           int side, const std::string& group);

}  // namespace longthrow::sim
