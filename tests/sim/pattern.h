// SPDX-License-Identifier: Apache-2.0
// Bytes that say themselves where they belong: a stream begins with its id, and every byte is a
// function of id and offset, so that a checker can name what it got instead of what it expected.
#pragma once

#include <cstdint>
#include <optional>

#include "longthrow/bytes.h"

namespace longthrow::sim {

// Bit 63: the answers of that stream. Bit 62: compressible to about a seventh. Bit 61: begins with
// the first packet of DRBD's meta stream.
using StreamId = std::uint64_t;
inline constexpr StreamId kAnswerBit = StreamId{1} << 63;
inline constexpr StreamId kCompressibleBit = StreamId{1} << 62;
inline constexpr StreamId kMetaBit = StreamId{1} << 61;
inline constexpr std::size_t kPatternHeaderBytes = 16;

[[nodiscard]] StreamId make_stream_id(std::uint64_t seed, std::uint32_t number);

// Bytes [offset, offset + into.size()) of the stream.
void fill_pattern(StreamId id, std::uint64_t offset, ByteSpan into);
// Index of the first byte that is not the stream's, none if all are.
[[nodiscard]] std::optional<std::size_t> pattern_mismatch(StreamId id, std::uint64_t offset,
                                                          ByteView bytes);
// The id that a stream's first bytes name. REQUIRES: kPatternHeaderBytes of them.
[[nodiscard]] std::optional<StreamId> pattern_stream(ByteView header);
// Where in the stream `bytes` (some 70 of them find any place) come from, if they do.
[[nodiscard]] std::optional<std::uint64_t> pattern_locate(StreamId id, ByteView bytes);

}  // namespace longthrow::sim
