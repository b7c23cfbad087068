// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/sealed_text.h"

#include <span>

#include "proxy/base/checksum.h"
#include "proxy/base/log.h"

namespace longthrow {
namespace {

constexpr std::uint64_t kSeed = 0x7374617465303031;

std::string last_line(std::string_view lines) {
  const ByteView bytes = std::as_bytes(std::span(lines.data(), lines.size()));
  return format("end {:016x}\n", checksum64(bytes, kSeed));
}

}  // namespace

std::string sealed_text(std::string lines) {
  lines += last_line(lines);
  return lines;
}

std::optional<std::string> unsealed_text(std::string_view text) {
  const std::size_t last_bytes = last_line("").size();
  if (text.size() < last_bytes) return std::nullopt;
  const std::string_view lines = text.substr(0, text.size() - last_bytes);
  if (text.substr(lines.size()) != last_line(lines)) return std::nullopt;
  return std::string(lines);
}

}  // namespace longthrow
