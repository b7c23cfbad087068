// SPDX-License-Identifier: Apache-2.0
// What this configuration needs of the peer's, which no check of one node's files can see: of two
// sites that both only listen, or both only have targets, each is valid by itself, but nothing
// passes.
#pragma once

#include <string>
#include <vector>

#include "longthrow/config.h"

namespace longthrow {

// A line for each link and route that leaves one of its ends to the peer.
[[nodiscard]] std::vector<std::string> peer_needs(const Config& config);

}  // namespace longthrow
