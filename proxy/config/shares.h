// SPDX-License-Identifier: Apache-2.0
// How a link's memlimit is shared out (G5), and whether a configuration leaves each group enough.
// Files, reloads, `set` and drbd-proxy-ctl all use this check. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "longthrow/config.h"
#include "longthrow/error.h"

namespace longthrow {

[[nodiscard]] constexpr std::uint64_t receive_share_bytes(std::uint64_t memlimit) {
  return memlimit / 4;
}
[[nodiscard]] constexpr std::uint64_t send_share_bytes(std::uint64_t memlimit) {
  return memlimit - receive_share_bytes(memlimit);
}
inline constexpr std::uint64_t kReceiveShareOfGroupMin = 512 * kKiB;

// A share that is too small or too large. `key`: "link.dr.memlimit".
struct ShareTrouble {
  std::string key;
  std::string what;
};
[[nodiscard]] std::vector<ShareTrouble> share_troubles(const Config& config);
// Fails with the first trouble.
[[nodiscard]] Result<void> check_shares(const Config& config);

}  // namespace longthrow
