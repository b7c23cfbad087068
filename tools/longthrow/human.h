// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace longthrow::cli {

[[nodiscard]] std::string human_bytes(double bytes);      // "0 B", "512 B", "1.5 MiB"
[[nodiscard]] std::string human_rate(double bytes_s);     // "1.5 MiB/s"
[[nodiscard]] std::string human_seconds(double seconds);  // "0.2 s", "2 min 5 s", "3 d 4 h"

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
