// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/pattern.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/sim/random_stream.h"

namespace longthrow::sim {
namespace {
constexpr std::uint64_t kMagic = 0x4d495354'4552414cU;
constexpr std::uint64_t kMetaMagic = 0x0000f1ff'67027483U;  // in memory: 83 74 02 67 ff f1 00 00
constexpr std::uint64_t kOffsetMax = std::uint64_t{1} << 44;

// The inverse of mix64: the multipliers' inverses modulo 2^64, and the shifts undone.
constexpr std::uint64_t unmix64(std::uint64_t x) {
  x = (x ^ (x >> 31) ^ (x >> 62)) * 0x319642b2d24d8ec3U;
  x = (x ^ (x >> 27) ^ (x >> 54)) * 0x96de1b173f119089U;
  return x ^ (x >> 30) ^ (x >> 60);
}
static_assert(unmix64(mix64(0x123456789abcdef0U)) == 0x123456789abcdef0U);

std::uint64_t word_at(StreamId id, std::uint64_t key, std::uint64_t index) {
  if (index == 0) return (id & kMetaBit) != 0 ? kMetaMagic : kMagic;
  if (index == 1) return id;
  // Compressible: one unique word in eight, the others repeat for 4 KiB.
  if ((id & kCompressibleBit) != 0 && index % 8 != 0) return mix64(~key + index / 512);
  return mix64(key + index);
}
}  // namespace

StreamId make_stream_id(std::uint64_t seed, std::uint32_t number) {
  return (mix64(seed) & 0xffffff) << 32 | number;
}

void fill_pattern(StreamId id, std::uint64_t offset, ByteSpan into) {
  const std::uint64_t key = mix64(id);
  std::uint64_t index = offset / 8;
  std::byte* out = into.data();
  std::byte* const end = out + into.size();
  const auto partly = [&](std::size_t skip) {
    const std::uint64_t word = word_at(id, key, index++);
    const std::size_t length = std::min<std::size_t>(static_cast<std::size_t>(end - out), 8 - skip);
    std::memcpy(out, reinterpret_cast<const char*>(&word) + skip, length);
    out += length;
  };
  if (out != end && offset % 8 != 0) partly(offset % 8);
  for (; end - out >= 8; out += 8, ++index) {
    const std::uint64_t word = word_at(id, key, index);
    std::memcpy(out, &word, 8);
  }
  if (out != end) partly(0);
}

std::optional<std::size_t> pattern_mismatch(StreamId id, std::uint64_t offset, ByteView bytes) {
  std::array<std::byte, 4096> expected;
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t length = std::min(bytes.size() - done, expected.size());
    fill_pattern(id, offset + done, ByteSpan(expected).first(length));
    if (std::memcmp(bytes.data() + done, expected.data(), length) != 0) {
      const auto part = bytes.subspan(done, length);
      return done +
             static_cast<std::size_t>(std::ranges::mismatch(part, expected).in1 - part.begin());
    }
    done += length;
  }
  return std::nullopt;
}

std::optional<StreamId> pattern_stream(ByteView header) {
  std::array<std::uint64_t, 2> words;
  std::memcpy(words.data(), header.data(), kPatternHeaderBytes);
  const bool known = words[0] == kMagic || words[0] == kMetaMagic;
  return known ? std::optional<StreamId>(words[1]) : std::nullopt;
}

std::optional<std::uint64_t> pattern_locate(StreamId id, ByteView bytes) {
  for (std::size_t shift = 0; shift + 8 <= bytes.size(); ++shift) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + shift, 8);
    const std::uint64_t index = unmix64(word) - mix64(id);
    if (index * 8 >= shift && index < kOffsetMax / 8) {
      const std::uint64_t offset = index * 8 - shift;
      if (!pattern_mismatch(id, offset,
                            bytes.first(std::min<std::size_t>(bytes.size(), shift + 8)))) {
        return offset;
      }
    }
  }
  return std::nullopt;
}

}  // namespace longthrow::sim
