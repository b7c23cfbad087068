// SPDX-License-Identifier: Apache-2.0
// A part of the status: one of a link's TCP connections.
#pragma once

#include <cstdint>
#include <string>

namespace longthrow {

struct LaneStatus {
  std::string name;  // "express", "bulk1", ...
  std::string local;
  std::string remote;
  bool dialled_here = false;
  std::uint64_t unsent_bytes = 0;
};

}  // namespace longthrow
