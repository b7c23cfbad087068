// SPDX-License-Identifier: Apache-2.0
// Which MTU segments the emulated line loses. Seeded, so that a run can be repeated.
#pragma once

#include <cstdint>

#include "tools/wanlink/settings.h"

namespace longthrow::wanlink {

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next();
  [[nodiscard]] double fraction();  // [0, 1)
  [[nodiscard]] bool chance(double probability) { return fraction() < probability; }

 private:
  std::uint64_t state_;
};

class LossModel {
 public:
  explicit LossModel(std::uint64_t seed) : dice_(seed) {}
  // Decides over the next segment.
  [[nodiscard]] bool loses(const DirectionSettings& settings);

 private:
  Dice dice_;
  bool in_burst_ = false;
};

}  // namespace longthrow::wanlink
