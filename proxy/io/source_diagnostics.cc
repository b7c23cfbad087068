// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/source_diagnostics.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "proxy/base/log.h"
#include "proxy/io/socket_diagnostics.h"
#include "proxy/io/thread.h"

namespace longthrow {
namespace {

// A collect on its way: the thread works on copies, as the owner's may be cancelled meanwhile.
struct Errand {
  std::uint64_t number = 0;
  std::vector<SourceSocket> sockets;
  std::vector<SourceReading> readings;
  TimePoint began{};
  TimePoint ended{};
};

struct Pending {
  SourceCollect* collect = nullptr;
  std::uint64_t number = 0;
};

TimePoint steady_now() { return TimePoint(std::chrono::steady_clock::now().time_since_epoch()); }

// Lives as long as the thread, or a task that the loop still holds.
struct Shared {
  explicit Shared(ReadSources its_read) : read(std::move(its_read)) {}

  const ReadSources read;  // on the thread only
  std::mutex mutex;
  std::condition_variable changed;
  Loop* loop = nullptr;          // guarded by mutex, as all to `busy`; null: it has ended
  std::deque<Errand> errands;    // waiting
  bool busy = false;             // the thread is in `read`
  std::vector<Pending> pending;  // the loop's thread only: collects in flight

  void complete(Errand& errand);
};

void Shared::complete(Errand& errand) {
  const auto found = std::ranges::find(pending, errand.number, &Pending::number);
  if (found == pending.end()) return;  // cancelled
  SourceCollect& collect = *found->collect;
  pending.erase(found);
  collect.sockets = std::move(errand.sockets);
  collect.readings = std::move(errand.readings);
  collect.began = errand.began;
  collect.ended = errand.ended;
  collect.operation.complete(0);
}

void serve(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->changed.wait(lock, [&] { return shared->loop == nullptr || !shared->errands.empty(); });
    if (shared->loop == nullptr) return;
    Errand errand = std::move(shared->errands.front());
    shared->errands.pop_front();
    shared->busy = true;
    lock.unlock();
    errand.began = steady_now();
    shared->read(errand.sockets, errand.readings);
    errand.ended = steady_now();
    lock.lock();
    shared->busy = false;
    if (shared->loop == nullptr) return;
    shared->loop->post([shared, done = std::move(errand)]() mutable { shared->complete(done); });
  }
}

class SourceDiagnostics final : public SourcePositions {
 public:
  SourceDiagnostics(Loop& loop, ReadSources read)
      : loop_(loop), shared_(std::make_shared<Shared>(std::move(read))) {
    shared_->loop = &loop;
  }
  ~SourceDiagnostics() override {
    bool busy = false;
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->loop = nullptr;
      shared_->errands.clear();
      busy = shared_->busy;
    }
    shared_->changed.notify_all();
    if (thread_.joinable()) busy ? thread_.detach() : thread_.join();
    while (!shared_->pending.empty()) {
      SourceCollect* const collect = shared_->pending.back().collect;
      shared_->pending.pop_back();
      collect->operation.complete(-ECANCELED);
    }
  }
  void collect(SourceCollect& collect) override;
  void cancel(SourceCollect& collect) override { complete_later(collect, -ECANCELED); }

 private:
  [[nodiscard]] bool start();
  void complete_later(SourceCollect& collect, int result);

  Loop& loop_;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
  std::uint64_t next_number_ = 1;
};

void SourceDiagnostics::collect(SourceCollect& collect) {
  collect.operation.mark_started();
  collect.readings.clear();
  const std::uint64_t number = next_number_++;
  shared_->pending.push_back({&collect, number});
  if (collect.sockets.size() > SourceCollect::kSocketsMax) return complete_later(collect, -E2BIG);
  if (!start()) return complete_later(collect, -EAGAIN);
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->errands.push_back({.number = number, .sockets = collect.sockets});
  }
  shared_->changed.notify_one();
}

bool SourceDiagnostics::start() {
  if (thread_.joinable()) return true;
  auto thread = start_thread("lt-sources", [shared = shared_] { serve(shared); });
  if (!thread) {
    log_warning("{}; no cut can be proven at the source", thread.error().message);
    return false;
  }
  thread_ = std::move(*thread);
  return true;
}

// A collect that waits or is with the thread gets a new number, by which its answer is not found.
void SourceDiagnostics::complete_later(SourceCollect& collect, int result) {
  const auto found = std::ranges::find(shared_->pending, &collect, &Pending::collect);
  if (found == shared_->pending.end()) return;
  {
    const std::lock_guard lock(shared_->mutex);
    std::erase_if(shared_->errands,
                  [&](const Errand& errand) { return errand.number == found->number; });
  }
  found->number = next_number_++;
  loop_.post([shared = shared_, number = found->number, result] {
    const auto place = std::ranges::find(shared->pending, number, &Pending::number);
    if (place == shared->pending.end()) return;
    SourceCollect* const done = place->collect;
    shared->pending.erase(place);
    done->operation.complete(result);
  });
}

}  // namespace

std::unique_ptr<SourcePositions> make_source_diagnostics(Loop& loop) {
  auto diagnostics = std::make_shared<SocketDiagnostics>();
  return make_source_diagnostics(
      loop, [diagnostics](std::span<SourceSocket> sockets, std::vector<SourceReading>& readings) {
        diagnostics->read(sockets, sweep_order(sockets.size()), readings);
      });
}

std::unique_ptr<SourcePositions> make_source_diagnostics(Loop& loop, ReadSources read) {
  return std::make_unique<SourceDiagnostics>(loop, std::move(read));
}

}  // namespace longthrow
