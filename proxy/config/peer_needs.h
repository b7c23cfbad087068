// SPDX-License-Identifier: Apache-2.0
// What this configuration asks of the peer's, which a check of one file cannot see: two sites that
// both only listen, or both only have targets, are each good by themselves and carry nothing.
#pragma once

#include <string>
#include <vector>

#include "longthrow/config.h"

namespace longthrow {

// A line for each link and route that leaves one of its ends to the peer.
[[nodiscard]] std::vector<std::string> peer_needs(const Config& config);

}  // namespace longthrow
