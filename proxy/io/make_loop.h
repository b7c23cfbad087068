// SPDX-License-Identifier: Apache-2.0
// Chooses the backend of the Loop at run time.
#pragma once

#include <memory>
#include <string>

#include "longthrow/config.h"
#include "longthrow/loop.h"

namespace longthrow {

struct LoopChoice {
  std::unique_ptr<Loop> loop;
  std::string reason;  // a sentence for the log: why this backend
};

// `automatic`: io_uring if it works here and now, else epoll. Fails when io_uring is demanded and
// refused (the message says what to do), or when the process is out of descriptors.
//
// Destroying a loop completes what is in flight with -ECANCELED (the handlers run, from the
// destructor), disarms all timers, and closes what sockets are left: legs by reset. While
// operations are in flight the loop must be destroyed on the thread that ran it (its io_uring ring
// belongs to that thread).
[[nodiscard]] Result<LoopChoice> make_loop(IoChoice choice);

}  // namespace longthrow
