// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/sealed_text.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>
#include <sstream>

#include "proxy/base/checksum.h"
#include "proxy/base/log.h"

namespace longthrow {
namespace {

constexpr std::uint64_t kSeed = 0x7374617465303031;
constexpr std::size_t kSealBytes = 18;  // " ~" and 16 digits

ByteView bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string seal_of(std::string_view line, std::uint64_t seed) {
  return format(" ~{:016x}", checksum64(bytes_of(line), seed));
}

std::string last_line(std::string_view lines) {
  return format("end {:016x}\n", checksum64(bytes_of(lines), kSeed));
}

// The line without its checksum. Nothing: it is not as it was sealed.
std::optional<std::string_view> unsealed_line(std::string_view line, std::uint64_t seed) {
  if (line.size() < kSealBytes) return std::nullopt;
  const std::string_view body = line.substr(0, line.size() - kSealBytes);
  if (line.substr(body.size()) != seal_of(body, seed)) return std::nullopt;
  return body;
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

Result<std::optional<std::string>> read_sealed_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  // ENOTDIR and EACCES do not say that there is no such file.
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) return fail(format("cannot read {}: {}", path.string(), std::strerror(errno)), errno);
  std::ostringstream text;
  text << file.rdbuf();
  auto lines = unsealed_text(text.str());
  if (!lines) {
    return fail(ErrorCode::damaged_file,
                format("{} is damaged: it is not as it was written", path.string()));
  }
  return lines;
}

std::string sealed_line(std::string_view line, std::uint64_t seed) {
  return format("{}{}\n", line, seal_of(line, seed));
}

std::size_t take_sealed_lines(std::string_view text, std::uint64_t seed,
                              const std::function<bool(std::string_view)>& take) {
  std::size_t damaged = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto body = unsealed_line(text.substr(0, end), seed);
    if (!body || !take(*body)) ++damaged;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return damaged;
}

}  // namespace longthrow
