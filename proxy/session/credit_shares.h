// SPDX-License-Identifier: Apache-2.0
// How the receive share of a link is divided among its groups. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "longthrow/bytes.h"

namespace longthrow {

// A group needs at least this much for a whole frame and for its express channels.
inline constexpr std::uint64_t kGroupWindowMin = 512 * kKiB;

// The window of each of `groups`. The last eighth of the share is left to groups that come later,
// as long as each group has the least that it needs: the present groups may all be stuck, and the
// bytes that they hold cannot be asked back.
[[nodiscard]] std::uint64_t group_window_bytes(std::uint64_t share_bytes, std::size_t groups);

// The level of credit while some groups hold more than their window: the windows of the others are
// cut to one level, so that all of them get on. `held`: the bytes of each group that cannot be
// asked back, whether the group may have more or not.
struct HeldCredit {
  std::uint64_t held_bytes = 0;
  bool wants_more = true;  // false: the group is not configured any more
};
[[nodiscard]] std::uint64_t credit_level_bytes(std::uint64_t share_bytes,
                                               std::uint64_t window_bytes,
                                               std::span<const HeldCredit> groups);

}  // namespace longthrow
