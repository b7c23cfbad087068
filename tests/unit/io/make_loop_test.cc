// SPDX-License-Identifier: Apache-2.0
// The choice of a backend, where io_uring is refused or starved. What changes the process is done
// in a forked child.
#include "proxy/io/make_loop.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "proxy/io/uring.h"
#include "tests/support/refuse_io_uring.h"

namespace longthrow {
namespace {

// The child's failed expectations are its exit status; what it says goes to stderr.
int in_child(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

bool io_uring_works() { return make_loop(IoChoice::io_uring).has_value(); }

void expect_epoll_because(const std::string& word) {
  const auto choice = make_loop(IoChoice::automatic);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->loop->name(), "epoll");
  EXPECT_NE(choice->reason.find(word), std::string::npos) << choice->reason;
}

void expect_refused_with(int error, const std::string& advice) {
  const auto choice = make_loop(IoChoice::io_uring);
  ASSERT_FALSE(choice.has_value());
  EXPECT_EQ(choice.error().os_errno, error);
  EXPECT_NE(choice.error().message.find(advice), std::string::npos) << choice.error().message;
}

TEST(MakeLoop, TakesIoUringWhereItWorks) {
  if (!io_uring_works()) GTEST_SKIP() << "io_uring is refused here";
  const auto choice = make_loop(IoChoice::automatic);
  EXPECT_EQ(choice->loop->name(), "io_uring");
  EXPECT_NE(choice->reason.find("entries"), std::string::npos);
}

TEST(MakeLoop, TakesEpollWhenTold) { EXPECT_EQ(make_loop(IoChoice::epoll)->loop->name(), "epoll"); }

TEST(MakeLoop, FallsBackToEpollWhenSeccompSaysEperm) {
  EXPECT_EQ(in_child([] {
              ASSERT_TRUE(refuse_io_uring(EPERM));
              expect_epoll_because("seccomp");
              expect_refused_with(EPERM, "kernel.io_uring_disabled");
            }),
            0);
}

TEST(MakeLoop, FallsBackToEpollWhenTheKernelKnowsNoIoUring) {
  EXPECT_EQ(in_child([] {
              ASSERT_TRUE(refuse_io_uring(ENOSYS));
              expect_epoll_because("ENOSYS");
              expect_refused_with(ENOSYS, "5.11");
            }),
            0);
}

void become_nobody(rlim_t memlock) {
  const rlimit limit{memlock, memlock};
  ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &limit), 0);
  ASSERT_EQ(::setgid(65534), 0);
  ASSERT_EQ(::setuid(65534), 0);
}

TEST(MakeLoop, FallsBackToEpollWhenNoMemoryMayBeLocked) {
  if (::getuid() != 0 || !io_uring_works()) GTEST_SKIP() << "needs root, and io_uring";
  EXPECT_EQ(in_child([] {
              become_nobody(0);
              expect_epoll_because("LimitMEMLOCK");
              expect_refused_with(ENOMEM, "ulimit -l");
            }),
            0);
}

// As many loops as the limit allows, smaller and smaller, then epoll; never a failure.
TEST(MakeLoop, DegradesLoopByLoopUnderASmallMemlockLimit) {
  if (::getuid() != 0 || !io_uring_works()) GTEST_SKIP() << "needs root, and io_uring";
  EXPECT_EQ(in_child([] {
              become_nobody(1 << 20);
              std::vector<LoopChoice> choices;
              for (int i = 0; i < 20; ++i) {
                auto choice = make_loop(IoChoice::automatic);
                ASSERT_TRUE(choice.has_value()) << choice.error().message;
                choices.push_back(std::move(*choice));
                if (choices.back().loop->name() == "epoll") break;
              }
              EXPECT_EQ(choices.front().loop->name(), "io_uring");
              EXPECT_EQ(choices.back().loop->name(), "epoll");
            }),
            0);
}

TEST(Uring, SubmitsMoreThanItsQueueHolds) {
  Uring ring;
  if (!ring.open()) GTEST_SKIP() << "io_uring is refused here";
  constexpr std::size_t kCount = 5 * Uring::kEntries * Uring::kCompletionsPerEntry;
  for (std::size_t i = 0; i < kCount; ++i) {
    io_uring_sqe& sqe = ring.next();
    io_uring_prep_nop(&sqe);
    sqe.user_data = i;
  }
  std::vector<UringResult> results;
  while (results.size() < kCount) {
    const std::size_t before = results.size();
    ring.submit_and_wait(std::chrono::seconds(1), results);
    ASSERT_GT(results.size(), before);
  }
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_EQ(results[i].user_data, i);
}

}  // namespace
}  // namespace longthrow
