// SPDX-License-Identifier: Apache-2.0
// Makes frames of closed blocks: checksum and compression, on a worker or inline, then a place in
// the arena, then the session.
#pragma once

#include <cstdint>
#include <functional>

#include "proxy/ingest/compression.h"
#include "proxy/ingest/frame_job.h"
#include "proxy/ingest/ingest_stream.h"
#include "proxy/ingest/send_share.h"
#include "proxy/session/session.h"

namespace longthrow {

// Frames of one stream are made in order, whatever the order in which workers finish. Belongs to
// the loop's thread; outlives its streams and the session that has its frames.
class FrameMaker final : public FrameJobOwner {
 public:
  struct Parts {
    Arena& arena;
    SendShare& share;
    FrameJobs& jobs;                 // of the node
    std::function<void()> on_frame;  // a worker has brought a frame: there may be more to do
  };
  FrameMaker(Parts parts, CompressionSetting compression);
  FrameMaker(const FrameMaker&) = delete;
  FrameMaker& operator=(const FrameMaker&) = delete;
  ~FrameMaker() override;

  // Whose frames they are; null: those that are finished are dropped.
  void set_session(Session* session) { session_ = session; }

  // `stream` has a closed block. A small one of a quiet stream is framed first.
  void add(IngestStream& stream);
  // Begins all for which there are jobs and memory.
  void run();
  // Stores frames that are done and had no memory before: the memlimit was lowered meanwhile.
  void store_parked();
  void forget(IngestStream& stream);
  // At the end of a session: nothing more is begun.
  void forget_waiting() { waiting_.clear(); }

  [[nodiscard]] bool any_waits() const { return !waiting_.empty(); }
  // Blocks wait, or workers are taken: the codec is what limits now.
  [[nodiscard]] bool is_short_of_workers() const;
  [[nodiscard]] FramePool& pool() { return pool_; }
  [[nodiscard]] Compression& compression() { return compression_; }
  [[nodiscard]] const Compression& compression() const { return compression_; }
  // CPU time of all jobs since this was asked last.
  [[nodiscard]] Duration take_cpu_time() { return std::exchange(cpu_time_, Duration(0)); }
  // Of all frames made: bytes read, and what was stored of them.
  struct Made {
    std::uint64_t raw_bytes = 0;
    std::uint64_t payload_bytes = 0;
  };
  [[nodiscard]] const Made& made() const { return made_; }

  void on_frame_job(FrameJob& job) override;

 private:
  // Small frames are made at once: handing them to a worker costs more.
  static constexpr std::uint32_t kInlineBytesMax = 16 * kKiB;
  // Frames that are nearly a slab keep it; smaller ones are packed into pages.
  static constexpr std::size_t kKeepBytesMin = kSlabBytes - kSlabBytes / 8;

  [[nodiscard]] bool begin(IngestStream& stream);
  void finish_done(IngestStream& stream);
  [[nodiscard]] bool finish(IngestStream& stream, FrameJob& job);
  [[nodiscard]] bool store(IngestStream& stream, FrameJob& job);

  Parts parts_;
  Session* session_ = nullptr;
  FramePool pool_;
  Compression compression_;
  StreamQueue waiting_ = StreamQueue::for_jobs();
  StreamQueue parked_ = StreamQueue::of_parked();
  Duration cpu_time_{0};
  Made made_;
};

}  // namespace longthrow
