// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace longthrow {

// What has become of the newest checkpoint of a group, at the sender.
enum class CheckpointFate : std::uint8_t {
  none,
  waits,      // for its bytes to be sent
  announced,  // to the peer, who will say how far it has come
  overtaken,  // a cut that had to be made meanwhile lies behind it
};

}  // namespace longthrow
