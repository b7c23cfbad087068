// SPDX-License-Identifier: Apache-2.0
// The Loop on io_uring.
#pragma once

#include <memory>
#include <string>

#include "longthrow/loop.h"

namespace longthrow {

struct UringLoopMade {
  std::unique_ptr<Loop> loop;
  std::string description;  // size and mode of the ring
};
// Fails where io_uring is refused, with a message that says what to do.
[[nodiscard]] Result<UringLoopMade> make_uring_loop();

}  // namespace longthrow
