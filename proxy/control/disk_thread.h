// SPDX-License-Identifier: Apache-2.0
// The thread that waits for the disk in the place of the control thread, so that a disk that hangs
// keeps nobody from asking for the status.
#pragma once

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <optional>
#include <utility>

namespace longthrow::control {

class DiskThread {
 public:
  DiskThread() = default;
  DiskThread(const DiskThread&) = delete;
  DiskThread& operator=(const DiskThread&) = delete;
  ~DiskThread() { join(); }

  // Makes the thread, with the caller's signal mask.
  void start() {
    pool_.emplace(1);
    post([] { pthread_setname_np(pthread_self(), "lt-events"); });
  }
  // Runs `job` behind those before it. REQUIRES: started.
  template <typename Job>
  void post(Job job) {
    boost::asio::post(*pool_, std::move(job));
  }
  // Waits until every job is done, and ends the thread.
  void join() {
    if (!pool_) return;
    pool_->join();
    pool_.reset();
  }

 private:
  std::optional<boost::asio::thread_pool> pool_;
};

}  // namespace longthrow::control
