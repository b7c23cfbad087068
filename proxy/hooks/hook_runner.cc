// SPDX-License-Identifier: Apache-2.0
#include "proxy/hooks/hook_runner.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/hooks/child_process.h"
#include "proxy/io/thread.h"

namespace longthrow {
namespace {

using Clock = std::chrono::steady_clock;

// How often the thread looks whether a program has ended.
constexpr std::chrono::milliseconds kLook{20};

// What the thread is given: copies, as the owner's call may be cancelled meanwhile.
struct Errand {
  std::uint64_t number = 0;
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  Duration timeout{};
};

struct Outcome {
  HookResult result = HookResult::failed;
  std::string text;
};

struct Pending {
  HookCall* call = nullptr;
  std::uint64_t number = 0;
};

// Lives as long as the thread, or a task that the loop still holds.
struct Shared {
  std::mutex mutex;
  std::condition_variable changed;
  Loop* loop = nullptr;  // guarded by mutex, as all to `busy`; null: it has ended
  std::vector<Errand> errands;
  std::set<std::uint64_t> cancelled;
  bool busy = false;             // the thread starts, or looks at, programs
  std::vector<Pending> pending;  // the loop's thread only: calls in flight

  void complete(std::uint64_t number, Outcome outcome);
};

void Shared::complete(std::uint64_t number, Outcome outcome) {
  const auto found = std::ranges::find(pending, number, &Pending::number);
  if (found == pending.end()) return;  // cancelled
  HookCall& call = *found->call;
  pending.erase(found);
  call.result = outcome.result;
  call.text = std::move(outcome.text);
  call.operation.complete(0);
}

// Programs that run. The thread's own.
class Runs {
 public:
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  // Nothing: it runs.
  [[nodiscard]] std::optional<Outcome> start(const Errand& errand);
  void kill(std::uint64_t number) { runs_.erase(number); }
  // Those that have ended, or were killed because their time was over.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, Outcome>> take_ended();

 private:
  struct Run {
    ChildProcess child;
    Duration timeout{};
    Clock::time_point kill_at{};
  };
  std::map<std::uint64_t, Run> runs_;
};

std::optional<Outcome> Runs::start(const Errand& errand) {
  auto child = ChildProcess::run(errand.argv, errand.environment);
  if (!child) return Outcome{.text = child.error().message};
  runs_.emplace(errand.number, Run{.child = *std::move(child),
                                   .timeout = errand.timeout,
                                   .kill_at = Clock::now() + errand.timeout});
  return std::nullopt;
}

std::vector<std::pair<std::uint64_t, Outcome>> Runs::take_ended() {
  std::vector<std::pair<std::uint64_t, Outcome>> ended;
  for (auto& [number, run] : runs_) {
    if (const auto how = run.child.ended()) {
      ended.push_back({number, Outcome{.result = how->empty() ? HookResult::ok : HookResult::failed,
                                       .text = *how}});
    } else if (Clock::now() >= run.kill_at) {
      run.child.kill();
      ended.push_back(
          {number, Outcome{.result = HookResult::timed_out,
                           .text = format("it ran for more than {:.1f} s and was killed",
                                          seconds_of(run.timeout))}});
    }
  }
  for (const auto& [number, outcome] : ended) runs_.erase(number);
  return ended;
}

void serve(const std::shared_ptr<Shared>& shared) {
  Runs runs;
  std::unique_lock lock(shared->mutex);
  const auto due = [&] {
    return shared->loop == nullptr || !shared->errands.empty() || !shared->cancelled.empty();
  };
  for (;;) {
    if (runs.empty()) {
      shared->changed.wait(lock, due);
    } else {
      (void)shared->changed.wait_for(lock, kLook, due);
    }
    if (shared->loop == nullptr) return;
    const auto errands = std::exchange(shared->errands, {});
    const auto cancelled = std::exchange(shared->cancelled, {});
    shared->busy = true;
    lock.unlock();
    std::vector<std::pair<std::uint64_t, Outcome>> ended;
    for (const std::uint64_t number : cancelled) runs.kill(number);
    for (const Errand& errand : errands) {
      if (auto failed = runs.start(errand)) ended.push_back({errand.number, *std::move(failed)});
    }
    std::ranges::move(runs.take_ended(), std::back_inserter(ended));
    lock.lock();
    shared->busy = false;
    if (shared->loop == nullptr) return;
    for (auto& [number, outcome] : ended) {
      shared->loop->post([shared, which = number, said = std::move(outcome)]() mutable {
        shared->complete(which, std::move(said));
      });
    }
  }
}

class ProcessRunner final : public HookRunner {
 public:
  explicit ProcessRunner(Loop& loop) : loop_(loop) { shared_->loop = &loop; }
  ~ProcessRunner() override {
    bool busy = false;
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->loop = nullptr;
      busy = shared_->busy;
    }
    shared_->changed.notify_all();
    // A thread that waits for a file system ends, and kills what it has started, when that answers.
    if (thread_.joinable()) busy ? thread_.detach() : thread_.join();
    while (!shared_->pending.empty()) {
      HookCall* const call = shared_->pending.back().call;
      shared_->pending.pop_back();
      call->operation.complete(-ECANCELED);
    }
  }
  void run(HookCall& call) override;
  void cancel(HookCall& call) override;

 private:
  [[nodiscard]] Result<void> start();

  Loop& loop_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::thread thread_;
  std::uint64_t next_number_ = 1;
};

void ProcessRunner::run(HookCall& call) {
  call.operation.mark_started();
  const std::uint64_t number = next_number_++;
  shared_->pending.push_back({&call, number});
  if (auto started = start(); !started) {
    loop_.post([shared = shared_, number, text = started.error().message] {
      shared->complete(number, Outcome{.text = text});
    });
    return;
  }
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->errands.push_back({.number = number,
                                .argv = call.argv,
                                .environment = call.environment,
                                .timeout = call.timeout});
  }
  shared_->changed.notify_one();
}

Result<void> ProcessRunner::start() {
  if (thread_.joinable()) return {};
  auto thread = start_thread("lt-hooks", [shared = shared_] { serve(shared); });
  if (!thread) return std::unexpected(std::move(thread.error()));
  thread_ = std::move(*thread);
  return {};
}

void ProcessRunner::cancel(HookCall& call) {
  const auto found = std::ranges::find(shared_->pending, &call, &Pending::call);
  if (found == shared_->pending.end()) return;
  {
    const std::lock_guard lock(shared_->mutex);
    std::erase_if(shared_->errands,
                  [&](const Errand& errand) { return errand.number == found->number; });
    shared_->cancelled.insert(found->number);
  }
  shared_->changed.notify_one();
  loop_.post([shared = shared_, number = found->number] {
    const auto place = std::ranges::find(shared->pending, number, &Pending::number);
    if (place == shared->pending.end()) return;
    HookCall* const done = place->call;
    shared->pending.erase(place);
    done->operation.complete(-ECANCELED);
  });
}

}  // namespace

std::unique_ptr<HookRunner> make_hook_runner(Loop& loop) {
  return std::make_unique<ProcessRunner>(loop);
}

}  // namespace longthrow
