// SPDX-License-Identifier: Apache-2.0
// The Loop on epoll, for where io_uring is not to be had.
#pragma once

#include <memory>

#include "longthrow/loop.h"

namespace longthrow {

[[nodiscard]] Result<std::unique_ptr<Loop>> make_epoll_loop();

}  // namespace longthrow
