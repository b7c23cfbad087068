// SPDX-License-Identifier: Apache-2.0
// Whom of a crowd of strangers to turn away, so that one address never crowds out the others.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>

#include "longthrow/endpoint.h"

namespace longthrow {

// Where somebody comes from: an IPv4 address, or the /64 of an IPv6 address, which is what one host
// can choose from at will.
using Origin = std::array<std::uint8_t, 17>;
[[nodiscard]] Origin origin_of(const Endpoint& endpoint);

// The origins that have proven who they are, the latest few.
class KnownOrigins {
 public:
  static constexpr std::size_t kMax = 64;

  void note(const Origin& origin);
  [[nodiscard]] bool contains(const Origin& origin) const;

 private:
  std::deque<Origin> origins_;  // oldest first
};

// More than all lanes of some links, dialled twice.
inline constexpr std::size_t kKnownShare = 32;

// Which of those who wait (oldest first) makes room for `newcomer`: the oldest of the origin that
// has the most of them, the newcomer counted in. A known origin with no more than kKnownShare goes
// only when there are no others. REQUIRES: `waiting` is not empty.
[[nodiscard]] std::size_t choose_evicted(std::span<const Origin> waiting, const Origin& newcomer,
                                         const KnownOrigins& known);

}  // namespace longthrow
