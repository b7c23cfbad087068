// SPDX-License-Identifier: Apache-2.0
// Bugs on purpose. A build with -DLONGTHROW_PLANT=ON can switch one on, by name, and a test asks
// that the simulator finds it; in every other build `planted` is false at compile time and costs
// nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proxy/base/plants.h"

namespace longthrow {

#define LT_PLANT(name, scenes, about) name,
enum class Plant : std::uint8_t { LT_PLANTS(LT_PLANT) };
#undef LT_PLANT

#define LT_PLANT_NAME(name, scenes, about) std::string_view(#name),
// In the order of the bugs.
inline constexpr std::array kPlantNames = {LT_PLANTS(LT_PLANT_NAME)};
#undef LT_PLANT_NAME

#ifdef LONGTHROW_PLANT
inline Plant active_plant = Plant::none;
[[nodiscard]] inline bool planted(Plant plant) { return active_plant == plant; }
#else
[[nodiscard]] constexpr bool planted(Plant) { return false; }
#endif

}  // namespace longthrow
