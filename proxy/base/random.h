// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "longthrow/random_source.h"

namespace longthrow {

// getrandom(2). Thread-safe.
class SystemRandom final : public RandomSource {
 public:
  void fill(ByteSpan bytes) override;
};

}  // namespace longthrow
