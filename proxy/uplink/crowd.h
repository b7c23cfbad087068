// SPDX-License-Identifier: Apache-2.0
// Chooses which of many strangers a WAN port turns away, so that one address never keeps the others
// out.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>

#include "longthrow/endpoint.h"

namespace longthrow {

// Where a connection comes from: an IPv4 address, or the /64 of an IPv6 address, because one host
// can choose freely among the addresses of a /64.
using Origin = std::array<std::uint8_t, 17>;
[[nodiscard]] Origin origin_of(const Endpoint& endpoint);

// The latest origins whose connections have proven who they are.
class KnownOrigins {
 public:
  static constexpr std::size_t kMax = 64;

  void note(const Origin& origin);
  [[nodiscard]] bool contains(const Origin& origin) const;

 private:
  std::deque<Origin> origins_;  // oldest first
};

// More connections than all lanes of a few links make when each is dialled twice.
inline constexpr std::size_t kKnownShare = 32;

// Which of the waiting connections (oldest first) makes room for `newcomer`: the oldest of the
// origin that has the most, the newcomer counted in. A known origin with no more than kKnownShare
// goes only when there are no others. REQUIRES: `waiting` is not empty.
[[nodiscard]] std::size_t choose_evicted(std::span<const Origin> waiting, const Origin& newcomer,
                                         const KnownOrigins& known);

}  // namespace longthrow
