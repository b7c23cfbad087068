// SPDX-License-Identifier: Apache-2.0
// Makes frames of closed blocks: takes checksum and compression, on a worker or inline, stores the
// result in the arena, and gives it to the session.
#pragma once

#include <cstdint>
#include <functional>

#include "proxy/ingest/compression.h"
#include "proxy/ingest/frame_job.h"
#include "proxy/ingest/ingest_stream.h"
#include "proxy/ingest/send_share.h"
#include "proxy/session/session.h"

namespace longthrow {

// The frames of one stream leave in order, whatever the order in which workers finish. Belongs to
// the loop's thread; outlives its streams, and the session that has its frames.
class FrameMaker final : public FrameJobOwner {
 public:
  struct Parts {
    Arena& arena;
    SendShare& share;
    FrameJobs& jobs;                 // of the node
    std::function<void()> on_frame;  // a frame is done: more may be possible
  };
  FrameMaker(Parts parts, CompressionSetting compression);
  FrameMaker(const FrameMaker&) = delete;
  FrameMaker& operator=(const FrameMaker&) = delete;
  ~FrameMaker() override;

  // The session that gets the frames. Null: finished frames are dropped.
  void set_session(Session* session) { session_ = session; }

  // `stream` has a closed block. A small block of a quiet stream is framed before others.
  void add(IngestStream& stream);
  // Begins all frames for which there are jobs and memory.
  void run();
  // Stores finished frames that found no memory, because the memlimit was lowered meanwhile.
  void store_parked();
  void forget(IngestStream& stream);
  // At the end of a session: begins no further frame.
  void forget_waiting() { waiting_.clear(); }

  [[nodiscard]] bool any_waits() const { return !waiting_.empty(); }
  // Whether compression limits now: blocks wait, or workers are busy.
  [[nodiscard]] bool is_short_of_workers() const;
  [[nodiscard]] FramePool& pool() { return pool_; }
  [[nodiscard]] Compression& compression() { return compression_; }
  [[nodiscard]] const Compression& compression() const { return compression_; }
  // The CPU time of all jobs since the last call.
  [[nodiscard]] Duration take_cpu_time() { return std::exchange(cpu_time_, Duration(0)); }
  // Totals of all frames: bytes read, and bytes stored for them.
  struct Made {
    std::uint64_t raw_bytes = 0;
    std::uint64_t payload_bytes = 0;
  };
  [[nodiscard]] const Made& made() const { return made_; }

  void on_frame_job(FrameJob& job) override;

 private:
  // Frames up to this size are made inline: handing them to a worker costs more.
  static constexpr std::uint32_t kInlineBytesMax = 16 * kKiB;
  // Raw frames from this size on keep their slab; smaller ones are packed into pages.
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
