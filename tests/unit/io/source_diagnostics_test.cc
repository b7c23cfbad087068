// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/source_diagnostics.h"

#include <condition_variable>
#include <mutex>

#include "tests/unit/io/backends.h"

namespace longthrow {
namespace {

// A kernel whose socket's lock is held until `give_up`.
class HeldLock {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return free_; });
  }
  void wait_for_waiter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_; });
  }
  void give_up() {
    const std::lock_guard lock(mutex_);
    free_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;
  bool free_ = false;
};

// A collect, and with what it has completed.
struct Asked {
  Asked() { collect.operation.bind<&Asked::on>(this); }
  void on(int its_result) { result = its_result; }
  [[nodiscard]] bool done() const { return !collect.operation.in_flight(); }
  SourceCollect collect;
  int result = -EINPROGRESS;
};

class SourceDiagnosticsTest : public LoopTest {
 protected:
  void TearDown() override {
    held_->give_up();
    positions_.reset();
  }
  void use_kernel() { positions_ = make_source_diagnostics(loop()); }
  void use_held_lock() {
    positions_ = make_source_diagnostics(
        loop(), [held = held_](std::span<SourceSocket>, std::vector<SourceReading>& readings) {
          held->wait();
          readings.resize(1);
        });
  }
  void start(Asked& asked) { positions_->collect(asked.collect); }
  void finish(Asked& asked) {
    run_until([&] { return asked.done(); });
  }

  std::shared_ptr<HeldLock> held_ = std::make_shared<HeldLock>();
  std::unique_ptr<SourcePositions> positions_;
};

TEST_P(SourceDiagnosticsTest, GivesPositionsOfASourceOnThisHost) {
  use_kernel();
  Socket leg;
  RawSocket program = raw_peer(leg);
  program.write("0123456789");
  Asked asked;
  asked.collect.sockets = {{.channel = 4,
                            .leg = loop().local_endpoint(leg).value(),
                            .source = loop().remote_endpoint(leg).value()}};
  const TimePoint before = loop().now();
  start(asked);
  EXPECT_FALSE(asked.done());  // never from inside the call
  finish(asked);
  EXPECT_EQ(asked.result, 0);
  ASSERT_EQ(asked.collect.readings.size(), 3U);
  const SourceReading& reading = asked.collect.readings.back();
  EXPECT_EQ(reading.channel, 4U);
  EXPECT_EQ(reading.state, SourceState::open);
  EXPECT_EQ(reading.acknowledged + static_cast<std::uint64_t>(reading.queued), 10U);
  EXPECT_NE(asked.collect.sockets[0].cookie, 0U);
  EXPECT_LE(before, asked.collect.began);
  EXPECT_LE(asked.collect.began, asked.collect.ended);
  EXPECT_LE(asked.collect.ended, TimePoint(std::chrono::steady_clock::now().time_since_epoch()));
  start(asked);  // the same object again
  finish(asked);
  EXPECT_EQ(asked.collect.readings.size(), 3U);
  close(leg, CloseMode::reset);
}

TEST_P(SourceDiagnosticsTest, ALockThatIsHeldHoldsUpOnlyTheCollects) {
  use_held_lock();
  Asked first;
  Asked second;
  start(first);
  start(second);
  held_->wait_for_waiter();
  run_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(first.done());
  EXPECT_FALSE(second.done());
  held_->give_up();
  finish(second);
  EXPECT_EQ(first.result, 0);
  EXPECT_EQ(second.result, 0);
}

TEST_P(SourceDiagnosticsTest, CancelCompletesEvenWhileTheThreadSleeps) {
  use_held_lock();
  Asked asked;
  start(asked);
  held_->wait_for_waiter();
  positions_->cancel(asked.collect);
  EXPECT_FALSE(asked.done());
  finish(asked);
  EXPECT_EQ(asked.result, -ECANCELED);
  Asked next;
  start(next);
  held_->give_up();
  finish(next);
  EXPECT_EQ(next.result, 0);
  EXPECT_TRUE(asked.collect.readings.empty());  // the late answer was not its own
  positions_->cancel(asked.collect);            // no effect
}

TEST_P(SourceDiagnosticsTest, ItsEndDoesNotWaitForAThreadThatSleeps) {
  use_held_lock();
  Asked asked;
  Asked waiting;
  start(asked);
  start(waiting);
  held_->wait_for_waiter();
  positions_.reset();
  EXPECT_EQ(asked.result, -ECANCELED);
  EXPECT_EQ(waiting.result, -ECANCELED);
}

TEST_P(SourceDiagnosticsTest, TooManySocketsAreRefused) {
  use_kernel();
  Asked asked;
  asked.collect.sockets.resize(SourceCollect::kSocketsMax + 1);
  start(asked);
  finish(asked);
  EXPECT_EQ(asked.result, -E2BIG);
}

LT_FOR_BOTH_BACKENDS(SourceDiagnosticsTest);

}  // namespace
}  // namespace longthrow
