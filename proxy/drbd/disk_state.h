// SPDX-License-Identifier: Apache-2.0
// What DRBD says of its own disk, in its state packets: one 32-bit word, union drbd_state of
// include/linux/drbd.h (Linux 6.1, DRBD 8.4): role 2 bits, peer 2, connection 5, disk 4, peer's
// disk 4, ... from the lowest bit on. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace longthrow::drbd {

// The protocols of which the numbers below are known: those of 8.4. DRBD 9 counts the states anew.
inline constexpr std::uint32_t kStateProtocolMax = 101;

enum class DiskState : std::uint8_t {
  diskless = 0,
  attaching = 1,
  failed = 2,
  negotiating = 3,
  inconsistent = 4,  // being resynchronised, or that was interrupted
  outdated = 5,
  unknown = 6,
  consistent = 7,
  up_to_date = 8,
};

[[nodiscard]] inline DiskState disk_state_at(std::uint32_t state_word, unsigned shift) {
  const auto disk = state_word >> shift & 0xf;
  return disk <= 8 ? static_cast<DiskState>(disk) : DiskState::unknown;
}
// Of whoever sent the word, and what it knows of its peer's.
[[nodiscard]] inline DiskState own_disk(std::uint32_t word) { return disk_state_at(word, 9); }
[[nodiscard]] inline DiskState peers_disk(std::uint32_t word) { return disk_state_at(word, 13); }

// Whoever sent the word has stopped mirroring (enum drbd_conns: C_AHEAD): it only notes which
// blocks differ, until what is under way has been acknowledged, and then resynchronises.
[[nodiscard]] inline bool is_ahead(std::uint32_t word) { return (word >> 4 & 0x1f) == 22; }

[[nodiscard]] inline std::string_view to_string(DiskState disk) {
  switch (disk) {
    case DiskState::diskless:
      return "diskless";
    case DiskState::attaching:
      return "attaching";
    case DiskState::failed:
      return "failed";
    case DiskState::negotiating:
      return "negotiating";
    case DiskState::inconsistent:
      return "inconsistent";
    case DiskState::outdated:
      return "outdated";
    case DiskState::consistent:
      return "consistent";
    case DiskState::up_to_date:
      return "up to date";
    case DiskState::unknown:
      break;
  }
  return "unknown";
}

}  // namespace longthrow::drbd
