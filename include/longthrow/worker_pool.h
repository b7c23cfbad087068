// SPDX-License-Identifier: Apache-2.0
// Threads for work that costs CPU (compression): the loop's thread hands jobs out and gets them
// back.
#pragma once

#include <ctime>

#include "longthrow/time.h"

namespace longthrow {

// A unit of work. It lives in its owner and is pinned from `submit` until `finish` was called.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() noexcept = 0;     // on a worker thread; touches only what the job owns
  virtual void finish() noexcept = 0;  // on the loop's thread, after `run`
};

class WorkerPool {
 public:
  virtual ~WorkerPool() = default;
  // Number of worker threads; 0: there are none, do the work inline.
  [[nodiscard]] virtual int threads() const = 0;
  // Loop thread only. Jobs are started in order of submission and may finish in any. The caller
  // bounds the number of jobs under way.
  virtual void submit(Job& job) = 0;
  // CPU time that the calling thread has used. Virtual, so that the simulator stays deterministic.
  [[nodiscard]] virtual Duration cpu_clock() const noexcept {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  }
};

}  // namespace longthrow
