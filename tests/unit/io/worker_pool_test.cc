// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/worker_pool.h"

#include <pthread.h>

#include <deque>
#include <thread>

#include "tests/unit/io/backends.h"

namespace longthrow {
namespace {

struct Sum final : Job {
  void run() noexcept override {
    ran_on = std::this_thread::get_id();
    pthread_getname_np(pthread_self(), name, sizeof name);
    for (int i = 0; i <= 1000; ++i) sum += i;
  }
  void finish() noexcept override {
    finished_on = std::this_thread::get_id();
    ++finishes;
  }
  int sum = 0;
  int finishes = 0;
  char name[16] = {};
  std::thread::id ran_on;
  std::thread::id finished_on;
};

class WorkerPoolTest : public LoopTest {
 protected:
  void run_all(WorkerPool& pool, std::deque<Sum>& jobs) {
    for (Sum& job : jobs) pool.submit(job);
    for (Sum& job : jobs) run_until([&] { return job.finishes > 0; });
  }
};
LT_FOR_BOTH_BACKENDS(WorkerPoolTest);

TEST_P(WorkerPoolTest, RunsElsewhereAndFinishesOnTheLoop) {
  const auto pool = make_worker_pool(loop(), 2);
  EXPECT_EQ(pool->threads(), 2);
  std::deque<Sum> jobs(500);
  run_all(*pool, jobs);
  for (const Sum& job : jobs) {
    EXPECT_EQ(job.sum, 500'500);
    EXPECT_EQ(job.finishes, 1);
    EXPECT_NE(job.ran_on, std::this_thread::get_id());
    EXPECT_EQ(job.finished_on, std::this_thread::get_id());
  }
}

TEST_P(WorkerPoolTest, NamesItsThreads) {
  const auto pool = make_worker_pool(loop(), 1);
  std::deque<Sum> jobs(1);
  run_all(*pool, jobs);
  EXPECT_STREQ(jobs[0].name, "lt-codec-0");
}

TEST_P(WorkerPoolTest, WithoutThreadsRunsAtOnceAndFinishesLater) {
  const auto pool = make_worker_pool(loop(), 0);
  std::deque<Sum> jobs(1);
  pool->submit(jobs[0]);
  EXPECT_EQ(jobs[0].sum, 500'500);
  EXPECT_EQ(jobs[0].finishes, 0);
  run_until([&] { return jobs[0].finishes == 1; });
}

TEST_P(WorkerPoolTest, EndingThePoolFinishesWhatIsUnderWay) {
  std::deque<Sum> jobs(200);
  {
    const auto pool = make_worker_pool(loop(), 2);
    for (Sum& job : jobs) pool->submit(job);
  }
  run_for(std::chrono::milliseconds(5));
  for (const Sum& job : jobs) EXPECT_EQ(job.finishes, 1);
}

}  // namespace
}  // namespace longthrow
