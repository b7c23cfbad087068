// SPDX-License-Identifier: Apache-2.0
// Seconds become minutes: what a trace keeps for long. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/trace/row.h"

namespace longthrow::trace {

// Which minute of its run a tick is in.
[[nodiscard]] constexpr std::uint64_t minute_of(std::uint64_t tick) { return tick / 60; }

// Adds `row`, of seconds, to `minute`, which is of the same run and ends where `row` begins or
// earlier. What lies between both is not known, and belongs to neither: see can_add().
void add_to_minute(Row& minute, const Row& row);
// The minute that has only `row`.
[[nodiscard]] Row begin_minute(const Row& row);
// Whether `row` follows `minute` at once, in the same minute, with no step of the civil clock.
[[nodiscard]] bool can_add(const Row& minute, const Row& row);

struct Downsampled {
  std::string blocks;         // of minutes
  std::uint64_t damaged = 0;  // stretches of `seconds` that could not be read
};
// The minutes of a piece of the trace. Blocks that are of minutes already stay as they are. Memory:
// an hour of minutes for each link and group.
[[nodiscard]] Downsampled downsample(std::string_view seconds);

}  // namespace longthrow::trace
