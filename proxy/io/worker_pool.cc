// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/worker_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/io/thread.h"

namespace longthrow {
namespace {

constexpr int kWorkerNice = 5;

// Lives as long as the pool or a task that the loop still holds.
struct Shared {
  explicit Shared(Loop& l) : loop(l) {}
  Loop& loop;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job*> waiting;  // guarded by mutex, as all below
  std::vector<Job*> ready;   // ran, not finished
  bool announced = false;    // a task that finishes `ready` is posted
  bool ending = false;
};

void finish_ready(Shared& shared) {
  std::vector<Job*> ready;
  {
    const std::lock_guard lock(shared.mutex);
    ready.swap(shared.ready);
    shared.announced = false;
  }
  for (Job* job : ready) job->finish();
}

// One posted task finishes all jobs that have run by then.
void hand_back(const std::shared_ptr<Shared>& shared, Job& job) {
  {
    const std::lock_guard lock(shared->mutex);
    shared->ready.push_back(&job);
    if (std::exchange(shared->announced, true)) return;
  }
  shared->loop.post([shared] { finish_ready(*shared); });
}

void work(const std::shared_ptr<Shared>& shared) {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kWorkerNice);  // of this thread alone
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->changed.wait(lock, [&] { return shared->ending || !shared->waiting.empty(); });
    if (shared->waiting.empty()) return;
    Job& job = *shared->waiting.front();
    shared->waiting.pop_front();
    lock.unlock();
    job.run();
    hand_back(shared, job);
    lock.lock();
  }
}

class ThreadedPool final : public WorkerPool {
 public:
  ThreadedPool(Loop& loop, int threads) : shared_(std::make_shared<Shared>(loop)) {
    for (int i = 0; i < threads; ++i) {
      auto thread = start_thread(format("lt-codec-{}", i), [shared = shared_] { work(shared); });
      if (!thread) {
        log_warning("{}; going on with {} of {} codec threads", thread.error().message, i, threads);
        return;
      }
      threads_.push_back(std::move(*thread));
    }
  }
  ~ThreadedPool() override {
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->ending = true;
    }
    shared_->changed.notify_all();
    for (std::thread& thread : threads_) thread.join();
    finish_ready(*shared_);
  }
  [[nodiscard]] int threads() const override { return static_cast<int>(threads_.size()); }
  void submit(Job& job) override {
    if (threads_.empty()) {
      job.run();
      return hand_back(shared_, job);
    }
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->waiting.push_back(&job);
    }
    shared_->changed.notify_one();
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<WorkerPool> make_worker_pool(Loop& loop, int threads) {
  LT_ASSERT(threads >= 0);
  return std::make_unique<ThreadedPool>(loop, threads);
}

}  // namespace longthrow
