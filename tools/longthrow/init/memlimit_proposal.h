// SPDX-License-Identifier: Apache-2.0
// How large the buffer has to be: the rule of the README. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "longthrow/time.h"
#include "proxy/config/memory_limits.h"

namespace longthrow::cli {

struct Sizing {
  // One of them, in bytes a second: what is written, before compression; or what the WAN carries,
  // which is as much as can be written for long, and already compressed.
  std::optional<std::uint64_t> writes;
  std::optional<std::uint64_t> bandwidth;
  Duration outage{0};
  MemoryLimits machine;
};

struct Proposal {
  std::uint64_t memlimit = 0;
  std::string why;  // a sentence
};

// memlimit = bytes written during the outage / compression ratio * 4/3. With `writes` the ratio is
// taken as 1; with `bandwidth` it is in the bytes already. Never more than half of what this
// machine lets a node have. Without a rate or an outage: 1 GiB, or that half.
[[nodiscard]] Proposal propose_memlimit(const Sizing& sizing);

}  // namespace longthrow::cli
