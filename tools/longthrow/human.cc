// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/human.h"

#include <array>

#include "proxy/base/log.h"

namespace longthrow::cli {

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return out;
}

std::string Painter::operator()(Paint paint, std::string_view text) const {
  if (!colours_ || paint == Paint::none) return std::string(text);
  constexpr std::array kCodes{"0", "1", "32", "33", "1;31", "2"};
  return format("\033[{}m{}\033[0m", kCodes[static_cast<std::size_t>(paint)], text);
}

}  // namespace longthrow::cli
