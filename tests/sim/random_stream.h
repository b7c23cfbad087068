// SPDX-License-Identifier: Apache-2.0
// Seeded random numbers in named streams: each user of randomness has a stream of its own, so that
// one more draw in one place leaves all others as they were and a seed stays comparable across
// changes. xoshiro256** with splitmix64 seeding (Blackman and Vigna, public domain algorithms).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "longthrow/error.h"
#include "longthrow/time.h"

namespace longthrow::sim {

// A bijective mix of 64 bits.
[[nodiscard]] constexpr std::uint64_t mix64(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

[[nodiscard]] constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

class RandomStream {
 public:
  // `draws`, if given, is mixed with every draw (the world's proof of determinism) and outlives
  // this.
  explicit RandomStream(std::uint64_t seed, std::uint64_t* draws = nullptr) : draws_(draws) {
    for (auto& word : state_) word = mix64(seed += 0x9e3779b97f4a7c15U);
  }

  [[nodiscard]] std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    if (draws_ != nullptr) *draws_ = std::rotl(*draws_ ^ result, 5) + 1;
    return result;
  }
  // 0 <= result < bound. REQUIRES: bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    LT_ASSERT(bound > 0);
    return next() % bound;  // uniform enough: bounds are far below 2^64
  }
  // low <= result <= high.
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    LT_ASSERT(low <= high);
    return high - low == UINT64_MAX ? next() : low + below(high - low + 1);
  }
  [[nodiscard]] Duration between(Duration low, Duration high) {
    LT_ASSERT(low <= high);
    return low + Duration(static_cast<Duration::rep>(
                     below(static_cast<std::uint64_t>((high - low).count()) + 1)));
  }
  // 0 <= result < 1.
  [[nodiscard]] double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  // True in `ratio` of the cases; draws nothing when the answer is fixed.
  [[nodiscard]] bool chance(double ratio) { return ratio > 0 && (ratio >= 1 || unit() < ratio); }
  // Spread evenly over orders of magnitude: small values as likely as large ones. REQUIRES: low >
  // 0.
  [[nodiscard]] std::uint64_t log_between(std::uint64_t low, std::uint64_t high) {
    LT_ASSERT(low > 0 && low <= high);
    const double ratio = static_cast<double>(high) / static_cast<double>(low);
    const double value = static_cast<double>(low) * std::exp2(unit() * std::log2(ratio));
    return std::min(high, std::max(low, static_cast<std::uint64_t>(value)));
  }
  [[nodiscard]] Duration log_between(Duration low, Duration high) {
    return Duration(static_cast<Duration::rep>(log_between(
        static_cast<std::uint64_t>(low.count()), static_cast<std::uint64_t>(high.count()))));
  }
  [[nodiscard]] Duration exponential(Duration mean) {
    if (mean <= Duration::zero()) return Duration::zero();
    return Duration(
        static_cast<Duration::rep>(-std::log1p(-unit()) * static_cast<double>(mean.count())));
  }
  // Fisher-Yates; std::shuffle differs between libraries.
  template <typename Container>
  void shuffle(Container& items) {
    using std::swap;
    for (std::size_t i = items.size(); i > 1; --i) swap(items[i - 1], items[below(i)]);
  }

 private:
  std::array<std::uint64_t, 4> state_{};
  std::uint64_t* draws_;
};

}  // namespace longthrow::sim
