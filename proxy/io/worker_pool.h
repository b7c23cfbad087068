// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "longthrow/loop.h"
#include "longthrow/worker_pool.h"

namespace longthrow {

// Threads "lt-codec-N", of lower priority than the loop's thread (taking bytes in comes first).
// They give their jobs back through `loop`, which outlives the pool. Fewer threads
// than asked for, down to none, when the system has no more. With 0 threads `submit` runs the job
// at once; `finish` comes later from `Loop::run` all the same. Destroying the pool, on the loop's
// thread, completes the jobs that are under way, `finish` included.
[[nodiscard]] std::unique_ptr<WorkerPool> make_worker_pool(Loop& loop, int threads);

}  // namespace longthrow
