// SPDX-License-Identifier: Apache-2.0
// Compression of one frame, independent of all others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "longthrow/bytes.h"
#include "longthrow/error.h"

namespace longthrow {

// The number is on the wire.
enum class CodecId : std::uint8_t { none = 0, lz4 = 1, zstd = 2 };

// A codec with its level: zstd -7..19 (negative: faster), others 0.
struct CodecSpec {
  CodecId id = CodecId::none;
  int level = 0;
  friend bool operator==(const CodecSpec&, const CodecSpec&) = default;
};

// The `compression` setting: a fixed codec, or adaptive.
struct CompressionSetting {
  bool automatic = true;
  CodecSpec fixed;  // when not automatic
  friend bool operator==(const CompressionSetting&, const CompressionSetting&) = default;
};

[[nodiscard]] std::string to_string(const CodecSpec& spec);              // "none" "lz4" "zstd:3"
[[nodiscard]] std::string to_string(const CompressionSetting& setting);  // or "auto"
[[nodiscard]] Result<CompressionSetting> parse_compression(std::string_view text);

// Contexts of all codecs for one thread, reused between frames. One per worker and one per loop.
class CodecContext {
 public:
  virtual ~CodecContext() = default;
  // Compresses `raw` into `out` and returns the compressed size, or 0 when the result would not be
  // smaller than out.size() (then store the frame). Never fails.
  [[nodiscard]] virtual std::size_t compress(CodecSpec spec, ByteView raw,
                                             ByteSpan out) noexcept = 0;
  // Decompresses to exactly raw.size() bytes; anything else is an error. Never writes past `raw`,
  // and its memory is bounded whatever `payload` says.
  [[nodiscard]] virtual Result<void> decompress(CodecId id, ByteView payload, ByteSpan raw) = 0;
};

[[nodiscard]] std::unique_ptr<CodecContext> make_codec_context();

}  // namespace longthrow
