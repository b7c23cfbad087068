// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/credit_shares.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "proxy/base/marks.h"

namespace longthrow {

std::uint64_t group_window_bytes(std::uint64_t share_bytes, std::size_t groups) {
  const std::uint64_t count = std::max<std::size_t>(groups, 1);
  const std::uint64_t least = std::min(kGroupWindowMin, share_bytes / count);
  return std::max((share_bytes - share_bytes / 8) / count, least);
}

// Takes off the groups that hold most, until an equal part of the rest is no less than what each
// group left holds.
std::uint64_t credit_level_bytes(std::uint64_t share_bytes, std::uint64_t window_bytes,
                                 std::span<const HeldCredit> groups) {
  std::vector<std::uint64_t> held;
  std::uint64_t rest = share_bytes;
  for (const HeldCredit& group : groups) {
    if (group.wants_more) {
      held.push_back(group.held_bytes);
    } else {
      rest -= std::min(rest, group.held_bytes);
    }
  }
  std::ranges::sort(held, std::greater<>());
  std::size_t left = held.size();
  for (const std::uint64_t most : held) {
    if (most <= rest / left) break;
    rest -= std::min(rest, most);
    --left;
    note_reached(Mark::group_holds_too_much);
  }
  const std::uint64_t level = left > 0 ? rest / left : 0;
  return std::min(window_bytes, std::max(level, std::min(kGroupWindowMin, share_bytes)));
}

}  // namespace longthrow
