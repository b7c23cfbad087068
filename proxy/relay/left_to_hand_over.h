// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace longthrow {

// What the targets of a group that was taken over have still to take.
struct LeftToHandOver {
  std::size_t legs = 0;  // open ones
  std::uint64_t bytes = 0;
  void add(const LeftToHandOver& more) {
    legs += more.legs;
    bytes += more.bytes;
  }
};

}  // namespace longthrow
