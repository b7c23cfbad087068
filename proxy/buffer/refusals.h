// SPDX-License-Identifier: Apache-2.0
// Memory that an arena refuses although its account has it: a seam by which a test makes the
// kernel's failures, which come at any moment, come at the moment of its choice.
#pragma once

#include <cstdint>

namespace longthrow {

// What an arena is asked for.
enum class MemoryRequest : std::uint8_t {
  staging,         // a slab to read into
  sent_frame,      // a place for a frame to send
  received_frame,  // a place for a frame that came
};

class Refusals {
 public:
  virtual ~Refusals() = default;
  // Asked once for each request that could be granted. True: it is refused.
  [[nodiscard]] virtual bool refuses(MemoryRequest request) = 0;
};

}  // namespace longthrow
