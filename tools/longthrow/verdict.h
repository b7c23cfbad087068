// SPDX-License-Identifier: Apache-2.0
// One line on how a node fares: what is worst, since when, and how much more there is.
#pragma once

#include <string>

#include "longthrow/status.h"

namespace longthrow::cli {

enum class Fare : std::uint8_t { well, stopped, trouble };

struct NodeVerdict {
  Fare fare = Fare::well;
  std::string text;
};

[[nodiscard]] NodeVerdict verdict_of(const Status& status);

}  // namespace longthrow::cli
