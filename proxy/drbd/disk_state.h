// SPDX-License-Identifier: Apache-2.0
// The state of a disk, as DRBD tells it in its state packets: one 32-bit word, union drbd_state of
// include/linux/drbd.h (Linux 6.1 for DRBD 8.4, drbd-headers for DRBD 9): role 2 bits, peer 2,
// connection 5, disk 4, peer's disk 4, ... from the lowest bit on. DRBD 9 numbers the disk states
// anew, because "detaching" came in between (protocol 110). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace longthrow::drbd {

enum class DiskState : std::uint8_t {
  diskless,
  attaching,
  failed,
  negotiating,
  inconsistent,  // a resync is running, or was interrupted
  outdated,
  unknown,
  consistent,
  up_to_date,
};

// How the disk states are numbered on the wire.
enum class StateNumbers : std::uint8_t { unknown, drbd8, drbd9 };

[[nodiscard]] constexpr StateNumbers numbers_of(std::uint32_t protocol) {
  if (protocol <= 101) return StateNumbers::drbd8;
  return protocol >= 110 && protocol <= 124 ? StateNumbers::drbd9 : StateNumbers::unknown;
}

[[nodiscard]] inline DiskState disk_state_at(std::uint32_t word, unsigned shift,
                                             StateNumbers numbers) {
  using enum DiskState;
  static constexpr std::array kOf8{diskless, attaching, failed,     negotiating, inconsistent,
                                   outdated, unknown,   consistent, up_to_date};
  // Detaching, the third, counts as diskless.
  static constexpr std::array kOf9{diskless,     attaching, diskless, failed,     negotiating,
                                   inconsistent, outdated,  unknown,  consistent, up_to_date};
  const std::size_t disk = word >> shift & 0xf;
  if (numbers == StateNumbers::drbd8 && disk < kOf8.size()) return kOf8.at(disk);
  if (numbers == StateNumbers::drbd9 && disk < kOf9.size()) return kOf9.at(disk);
  return unknown;
}
// own_disk: the disk of the DRBD that sent the word. peers_disk: what that DRBD knows of its peer's
// disk.
[[nodiscard]] inline DiskState own_disk(std::uint32_t word, StateNumbers numbers) {
  return disk_state_at(word, 9, numbers);
}
[[nodiscard]] inline DiskState peers_disk(std::uint32_t word, StateNumbers numbers) {
  return disk_state_at(word, 13, numbers);
}

// Whether the DRBD that sent the word has stopped mirroring (C_AHEAD, in DRBD 9 L_AHEAD). Then it
// only notes which blocks differ, until everything under way has been acknowledged, and
// resynchronises.
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
