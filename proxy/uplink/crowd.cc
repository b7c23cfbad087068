// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/crowd.h"

#include <algorithm>
#include <map>

#include "longthrow/error.h"

namespace longthrow {

Origin origin_of(const Endpoint& endpoint) {
  constexpr std::size_t kPrefixBytes = 8;  // a /64
  constexpr std::size_t kIpv4Bytes = 4;
  const bool ipv4 = endpoint.family == Endpoint::Family::ipv4;
  Origin origin{};
  origin[0] = ipv4 ? 4 : 6;
  std::copy_n(endpoint.address.begin(), ipv4 ? kIpv4Bytes : kPrefixBytes, origin.begin() + 1);
  return origin;
}

void KnownOrigins::note(const Origin& origin) {
  std::erase(origins_, origin);
  origins_.push_back(origin);
  if (origins_.size() > kMax) origins_.pop_front();
}

bool KnownOrigins::contains(const Origin& origin) const {
  return std::ranges::find(origins_, origin) != origins_.end();
}

std::size_t choose_evicted(std::span<const Origin> waiting, const Origin& newcomer,
                           const KnownOrigins& known) {
  LT_ASSERT(!waiting.empty());
  std::map<Origin, std::size_t> counts;
  for (const Origin& origin : waiting) ++counts[origin];
  ++counts[newcomer];
  const auto spared = [&](const Origin& origin) {
    return counts[origin] <= kKnownShare && known.contains(origin);
  };
  const bool all_spared = std::ranges::all_of(waiting, spared);
  std::size_t chosen = waiting.size();
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (!all_spared && spared(waiting[i])) continue;
    if (chosen == waiting.size() || counts[waiting[i]] > counts[waiting[chosen]]) chosen = i;
  }
  return chosen;
}

}  // namespace longthrow
