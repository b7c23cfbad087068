// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/text.h"

#include "proxy/base/log.h"

namespace longthrow {

std::string printable(std::string_view foreign) {
  constexpr std::size_t kShownBytesMax = 128;
  std::string text;
  for (const char c : foreign.substr(0, kShownBytesMax)) {
    const bool plain = c >= ' ' && c < '\x7f' && c != '"' && c != '\\';
    text += plain ? std::string(1, c) : format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  if (foreign.size() > kShownBytesMax) text += "...";
  return text;
}

}  // namespace longthrow
