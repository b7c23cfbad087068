// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/foreign_text.h"

#include <algorithm>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

std::string hex(char c) { return format("\\x{:02x}", static_cast<unsigned char>(c)); }

}  // namespace

std::string escape_foreign(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (is_control(c) || static_cast<unsigned char>(c) > '~') {
      escaped += hex(c);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string one_line(std::string_view text) {
  if (std::ranges::none_of(text, is_control)) return std::string(text);
  std::string line;
  for (const char c : text) line += is_control(c) ? hex(c) : std::string(1, c);
  return line;
}

}  // namespace longthrow
