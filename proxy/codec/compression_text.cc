// SPDX-License-Identifier: Apache-2.0
// The `compression` setting as text, both ways.
#include <algorithm>
#include <charconv>

#include "longthrow/codec.h"
#include "proxy/base/log.h"

namespace longthrow {
namespace {

constexpr int kZstdLevelDefault = 3;
constexpr std::string_view kChoices =
    "write auto, none, lz4, zstd, or zstd:LEVEL with LEVEL -7..19";

CompressionSetting fixed(CodecId id, int level = 0) {
  return {.automatic = false, .fixed = {.id = id, .level = level}};
}

Result<CompressionSetting> parse_zstd_level(std::string_view text, std::string_view level_text) {
  int level = 0;
  const char* end = level_text.data() + level_text.size();
  const auto [rest, error] = std::from_chars(level_text.data(), end, level);
  if (error != std::errc() || rest != end || level < -7 || level > 19) {
    return fail(
        format("compression \"{}\": the zstd level is a whole number from -7 (fastest) to 19 "
               "(smallest), for example zstd:3",
               text));
  }
  // To zstd, level 0 means its default level.
  return fixed(CodecId::zstd, level == 0 ? kZstdLevelDefault : level);
}

}  // namespace

std::string to_string(const CodecSpec& spec) {
  switch (spec.id) {
    case CodecId::none:
      return "none";
    case CodecId::lz4:
      return "lz4";
    case CodecId::zstd:
      return format("zstd:{}", spec.level);
  }
  return format("codec-{}", static_cast<int>(spec.id));
}

std::string to_string(const CompressionSetting& setting) {
  return setting.automatic ? "auto" : to_string(setting.fixed);
}

Result<CompressionSetting> parse_compression(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (lower == "auto") return CompressionSetting{};
  if (lower == "none") return fixed(CodecId::none);
  if (lower == "lz4") return fixed(CodecId::lz4);
  if (lower == "zstd") return fixed(CodecId::zstd, kZstdLevelDefault);
  if (lower.starts_with("zstd:")) return parse_zstd_level(text, std::string_view(lower).substr(5));
  if (lower.starts_with("lz4:")) {
    return fail(
        format("compression \"{}\": lz4 has no level; write lz4, or zstd:-7 to zstd:19", text));
  }
  if (lower.empty()) return fail(format("compression is empty: {}", kChoices));
  return fail(format("compression \"{}\" is not known: {}", text, kChoices));
}

}  // namespace longthrow
