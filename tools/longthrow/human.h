// SPDX-License-Identifier: Apache-2.0
// Numbers and texts as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/human.h"

namespace longthrow::cli {

using longthrow::human_bytes;
using longthrow::human_rate;
using longthrow::human_seconds;

// Text of the daemon and of the network, made safe for a terminal: control characters become '?'.
[[nodiscard]] std::string printable(std::string_view text);

enum class Paint : std::uint8_t { none, bold, good, warning, bad, dim };

// Colours, or nothing at all.
class Painter {
 public:
  explicit Painter(bool colours) : colours_(colours) {}
  [[nodiscard]] std::string operator()(Paint paint, std::string_view text) const;

 private:
  bool colours_;
};

}  // namespace longthrow::cli
