// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/loss.h"

namespace longthrow::wanlink {

std::uint64_t Dice::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

double Dice::fraction() { return static_cast<double>(next() >> 11) * 0x1p-53; }

bool LossModel::loses(const DirectionSettings& settings) {
  if (settings.burst.enter > 0.0) {
    const double step = in_burst_ ? settings.burst.leave : settings.burst.enter;
    if (dice_.chance(step)) in_burst_ = !in_burst_;
  } else {
    in_burst_ = false;
  }
  const double loss = in_burst_ ? settings.burst.loss : settings.loss;
  return loss > 0.0 && dice_.chance(loss);
}

}  // namespace longthrow::wanlink
