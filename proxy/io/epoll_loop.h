// SPDX-License-Identifier: Apache-2.0
// The Loop on epoll, for systems where io_uring cannot be used.
#pragma once

#include <memory>

#include "longthrow/loop.h"

namespace longthrow {

[[nodiscard]] Result<std::unique_ptr<Loop>> make_epoll_loop();

}  // namespace longthrow
