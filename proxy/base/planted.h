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
};
inline constexpr std::array<std::string_view, 6> kPlantNames = {
    "none",         "forget_lost_frames", "end_before_bytes",
    "abort_as_fin", "keep_credit",        "accept_duplicates"};

#ifdef LONGTHROW_PLANT
inline Plant active_plant = Plant::none;
[[nodiscard]] inline bool planted(Plant plant) { return active_plant == plant; }
#else
[[nodiscard]] constexpr bool planted(Plant) { return false; }
#endif

}  // namespace longthrow
