// SPDX-License-Identifier: Apache-2.0
// Buckets of a lag in milliseconds, so that percentiles can be told of minutes, too: bucket 0 is no
// lag; above it each power of two has 16 buckets, so that a value is known to 6 %. Pure.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace longthrow::trace {

inline constexpr std::uint32_t kLagBuckets = 1 + 16 + 60 * 16;

[[nodiscard]] constexpr std::uint32_t lag_bucket(std::uint64_t ms) {
  if (ms < 16) return static_cast<std::uint32_t>(ms);
  const auto octave = static_cast<std::uint32_t>(std::bit_width(ms)) - 5;  // 16..31: 0
  const auto step = static_cast<std::uint32_t>(ms >> octave) - 16;
  return 16 + octave * 16 + step;
}
// The largest lag of a bucket: a percentile is never told too small.
[[nodiscard]] constexpr std::uint64_t largest_lag_ms(std::uint32_t bucket) {
  if (bucket < 16) return bucket;
  const std::uint32_t octave = (bucket - 16) / 16;
  const std::uint64_t step = (bucket - 16) % 16 + 16;
  return ((step + 1) << octave) - 1;
}

}  // namespace longthrow::trace
