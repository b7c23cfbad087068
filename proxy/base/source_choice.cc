// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/source_choice.h"

#include <algorithm>

namespace longthrow {

bool reaches(const Endpoint& from, const Endpoint& to) {
  const bool wildcard = std::ranges::all_of(from.address, [](auto byte) { return byte == 0; });
  return !wildcard && from.family == to.family && from.is_loopback() == to.is_loopback() &&
         from.is_link_local() == to.is_link_local() && from.zone == to.zone;
}

std::optional<Endpoint> choose_source(const std::optional<Endpoint>& named,
                                      const std::optional<Endpoint>& usual, const Endpoint& to) {
  std::optional<Endpoint> source = named;
  if (!source && usual && reaches(*usual, to)) source = usual;
  if (source) source->port = 0;
  return source;
}

}  // namespace longthrow
