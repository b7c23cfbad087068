// SPDX-License-Identifier: Apache-2.0
// A block of the trace as bytes: "LTTR", the length, what is said below in variable-length numbers,
// and its checksum. Each column is written by itself as differences from row to row, and rows that
// do not differ as their number, so that a link without traffic takes nearly nothing. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/trace/row.h"

namespace longthrow::trace {

// Bounds of what is written, and of what is believed when it is read.
inline constexpr std::size_t kRowsMax = 512;
inline constexpr std::size_t kNameBytesMax = 256;
inline constexpr std::size_t kNotesMax = 16;
inline constexpr std::size_t kNoteBytesMax = 240;
inline constexpr std::uint64_t kValueMax = (std::uint64_t{1} << 61) - 1;
inline constexpr std::uint64_t kTickMax = std::uint64_t{1} << 40;
inline constexpr std::uint64_t kSpanMax = 120;
inline constexpr std::int64_t kWallMax = 9'000'000'000;  // 2255; before 1970 nobody has a trace

// REQUIRES: rows, at most kRowsMax, as Block says. Values above kValueMax are written as that;
// names and notes are cut to their bounds.
[[nodiscard]] std::string encode_block(const Block& block);
// `body` with what stands before and behind it.
[[nodiscard]] std::string seal_block(std::string_view body);

// Reads blocks one after the other from bytes that may be damaged: what is no whole block is passed
// over up to the next one.
class BlockReader {
 public:
  // `bytes` outlives this.
  explicit BlockReader(std::string_view bytes) : bytes_(bytes) {}

  // Nothing: there is no further one.
  [[nodiscard]] std::optional<Block> next();
  // Stretches that were passed over so far, each at least one block that is lost.
  [[nodiscard]] std::uint64_t damaged() const { return damaged_; }

 private:
  enum class Found : std::uint8_t { whole, no };
  Found take(Block& block);

  std::string_view bytes_;
  bool in_damage_ = false;
  std::uint64_t damaged_ = 0;
};

}  // namespace longthrow::trace
