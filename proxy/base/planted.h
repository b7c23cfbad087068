// SPDX-License-Identifier: Apache-2.0
// Bugs on purpose. A build with -DLONGTHROW_PLANT=ON can switch one on, by name, and a test asks
// that the simulator finds it; in every other build `planted` is false at compile time and costs
// nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace longthrow {

enum class Plant : std::uint8_t {
  none,
  forget_lost_frames,  // what was under way on a lane that went down is not sent again
  end_before_bytes,    // a clean end is passed on although bytes before it are missing
  abort_as_fin,        // an abort is passed on as a clean end
  keep_credit,         // bytes that were thrown away never give their credit back
  accept_duplicates,   // a frame number that was received before is taken again
  // Found by single scenes (tests/sim/pair_*_test.cc), some of them by seeds as well.
  abort_at_once,         // an abort does not wait until the target's TCP has everything
  drop_unframed,         // a source's reset drops what was read and is in no frame
  drop_held_bytes,       // the end of a session drops what was received and not handed over
  write_failure_aborts,  // a leg that cannot be written to is not read to its end
  routes_open_early,     // although streams of the last session have not ended
  drain_at_once,         // a drain waits for nothing
  delivered_early,       // delivered is what the leg's kernel was given
  lag_without_unread,    // lag leaves out what no leg has read
  forget_losses,         // a stream that was cut off leaves its group consistent
  fence_lets_in,         // a fenced side accepts its peer
  as_of_early,           // a copy is as new as marks whose bytes are still missing
};
inline constexpr std::array<std::string_view, 17> kPlantNames = {"none",
                                                                 "forget_lost_frames",
                                                                 "end_before_bytes",
                                                                 "abort_as_fin",
                                                                 "keep_credit",
                                                                 "accept_duplicates",
                                                                 "abort_at_once",
                                                                 "drop_unframed",
                                                                 "drop_held_bytes",
                                                                 "write_failure_aborts",
                                                                 "routes_open_early",
                                                                 "drain_at_once",
                                                                 "delivered_early",
                                                                 "lag_without_unread",
                                                                 "forget_losses",
                                                                 "fence_lets_in",
                                                                 "as_of_early"};

#ifdef LONGTHROW_PLANT
inline Plant active_plant = Plant::none;
[[nodiscard]] inline bool planted(Plant plant) { return active_plant == plant; }
#else
[[nodiscard]] constexpr bool planted(Plant) { return false; }
#endif

}  // namespace longthrow
