// SPDX-License-Identifier: Apache-2.0
// An ingest between made-up legs and a real session: what each case needs is said in verbs.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "proxy/ingest/frame_decoder.h"
#include "proxy/ingest/ingest.h"
#include "tests/unit/session/session_fixture.h"

namespace longthrow {

// Jobs are done when the case says so, in any order.
class HeldWorkers final : public WorkerPool {
 public:
  explicit HeldWorkers(int threads) : threads_(threads) {}
  [[nodiscard]] int threads() const override { return threads_; }
  void submit(Job& job) override { held_.push_back(&job); }
  [[nodiscard]] Duration cpu_clock() const noexcept override { return Duration(0); }
  [[nodiscard]] std::size_t held() const { return held_.size(); }
  void finish_last() {
    Job* job = held_.back();
    held_.pop_back();
    job->run();
    job->finish();
  }
  void finish_all() {
    while (!held_.empty()) finish_last();
  }

 private:
  int threads_;
  std::deque<Job*> held_;
};

class IngestTest : public SessionTest {
 protected:
  // A stream with what a leg would do.
  struct Leg final : IngestStreamOwner {
    Leg(Ingest& ingest, ChannelCore& core) : stream(ingest, *this, core) {}
    void on_slab() override { ++slabs_told; }
    void on_block_done() override { ++blocks_done; }
    IngestStream stream;
    std::uint64_t given_bytes = 0;
    int slabs_told = 0;
    int blocks_done = 0;
  };

  void SetUp() override { set_up(0); }
  // As SetUp(), with so many workers.
  void set_up(int threads) {
    Side& side = sides_[0];
    legs_.clear();
    side.session.reset();
    ingest_.reset();
    workers_ = std::make_unique<HeldWorkers>(threads);
    jobs_ = std::make_unique<FrameJobs>(*workers_);
    ingest_ = std::make_unique<Ingest>(Ingest::Parts{.arena = *side.arena,
                                                     .jobs = *jobs_,
                                                     .outlook = [this] { return outlook_; },
                                                     .wake = [this] { ++wakes_; },
                                                     .on_partial = [this] { ++partials_told_; }},
                                       CompressionSetting{.automatic = false, .fixed = {}});
    side.session = std::make_unique<Session>(ingest_->frames().pool(), ChannelNumbers::even);
    side.session->set_local_routes({{.name = "r0", .group = "g"}, {.name = "r1", .group = "h"}});
    side.session->set_receive_window(kMiB, 16 * kMiB);
    sides_[1].session = std::make_unique<Session>(sides_[1].pool, ChannelNumbers::odd);
    sides_[1].session->set_local_routes({{.name = "r0", .group = "g", .accepts = true},
                                         {.name = "r1", .group = "h", .accepts = true}});
    sides_[1].session->set_receive_window(kMiB, 16 * kMiB);
    sides_[1].opened.clear();
    up();
    ingest_->begin_session(alpha());
  }
  void TearDown() override {
    workers_->finish_all();
    legs_.clear();
    sides_[0].session.reset();  // its frames go back to the ingest's pool
  }
  Leg& open_leg(const std::string& route = "r0") {
    legs_.push_back(std::make_unique<Leg>(*ingest_, alpha().open(route)));
    return *legs_.back();
  }
  // The leg gives bytes, as many as there is room for in one read; returns how many.
  std::uint32_t give(Leg& leg, std::size_t bytes) {
    const ByteSpan space = leg.stream.open_block();
    if (space.empty()) return 0;
    const auto taken = static_cast<std::uint32_t>(std::min(bytes, space.size()));
    for (std::uint32_t i = 0; i < taken; ++i) space[i] = byte_at(leg.given_bytes + i);
    leg.stream.end_receive();
    leg.stream.add({.bytes = taken, .offset = leg.given_bytes, .read_at = now_});
    leg.given_bytes += taken;
    return taken;
  }
  static std::byte byte_at(std::uint64_t offset) {
    return static_cast<std::byte>(offset * 31 + offset / 4096);
  }
  // Everything goes to the peer; true if it has all that `leg` gave, in order and unharmed.
  bool arrives(Leg& leg) {
    talk();
    for (ChannelCore* core : sides_[1].opened) {
      if (core->id != leg.stream.core().id) continue;
      return core->in.contiguous_offset() == leg.given_bytes && reads_right(*core);
    }
    return false;
  }
  bool reads_right(ChannelCore& core) {
    std::array<ByteView, 64> pieces;
    std::uint64_t offset = core.in.consumed_offset();
    while (const std::uint64_t ready = core.in.ready_bytes()) {
      const std::size_t count = core.in.pin(pieces, ready);
      std::uint64_t bytes = 0;
      for (std::size_t i = 0; i < count; ++i) {
        for (const std::byte byte : pieces[i]) {
          if (byte != byte_at(offset++)) return false;
        }
        bytes += pieces[i].size();
      }
      beta().handed_over(core, bytes);
    }
    return true;
  }

  Ingest::Outlook outlook_{.up = true, .bulk_has_room = false, .drained_bytes_s = 1e6};
  std::unique_ptr<HeldWorkers> workers_;
  std::unique_ptr<FrameJobs> jobs_;
  std::unique_ptr<Ingest> ingest_;
  std::vector<std::unique_ptr<Leg>> legs_;
  int wakes_ = 0;
  int partials_told_ = 0;
};

}  // namespace longthrow
