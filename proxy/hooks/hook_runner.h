// SPDX-License-Identifier: Apache-2.0
// HookRunner of this host: child processes, started and watched by a thread of their own, since a
// program may be on a file system that does not answer.
#pragma once

#include <memory>

#include "longthrow/hooks.h"
#include "longthrow/loop.h"

namespace longthrow {

// The thread ("lt-hooks") starts with the first call; several programs may run at a time. All
// calls, and the destructor, belong to the loop's thread; `loop` outlives it. The destructor kills
// what runs, and completes what is in flight with -ECANCELED.
[[nodiscard]] std::unique_ptr<HookRunner> make_hook_runner(Loop& loop);

}  // namespace longthrow
