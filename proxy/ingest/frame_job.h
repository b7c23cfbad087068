// SPDX-License-Identifier: Apache-2.0
// Makes a frame of a block: checksum and compression, on a worker's thread or inline.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "longthrow/codec.h"
#include "longthrow/worker_pool.h"
#include "proxy/base/checksum.h"
#include "proxy/buffer/arena.h"
#include "proxy/wire/records.h"

namespace longthrow {

// Bytes of one channel that are in no frame yet, in the slab into which the kernel wrote them.
struct RawBlock {
  Slab slab;
  std::uint32_t room_bytes = 0;  // the most that may be read into the slab
  std::uint32_t bytes = 0;
  std::uint64_t offset = 0;  // in the channel
  TimePoint read_at{};       // first byte
  std::int64_t wall_ns = 0;  // until then the source had given no byte after the block
};

class IngestStream;
class FrameJob;

// Called on the loop's thread when a job has finished.
class FrameJobOwner {
 public:
  virtual ~FrameJobOwner() = default;
  virtual void on_frame_job(FrameJob& job) = 0;
};

// One compression under way. Jobs are reused. `scratch_` holds one compressed frame.
class FrameJob final : public Job {
 public:
  explicit FrameJob(WorkerPool& workers) : workers_(workers), scratch_(kSlabBytes) {}

  // REQUIRES: !busy. The block stays with the job until the owner takes it.
  void prepare(FrameJobOwner& its_owner, IngestStream& its_stream, std::uint64_t channel_id,
               RawBlock its_block, CodecSpec its_spec) {
    owner = &its_owner;
    origin = &its_stream;
    channel = channel_id;
    block = std::move(its_block);
    spec = its_spec;
    busy = true;
    done = false;
  }
  void run() noexcept override {
    const Duration begin = workers_.cpu_clock();
    const ByteView raw = ByteView(block.slab.bytes()).first(block.bytes);
    checksum = checksum64(raw, wire::place_seed(channel, block.offset));
    compressed_bytes = 0;
    if (spec.id != CodecId::none && raw.size() > kStoredMax) {
      // The result must be a page smaller than the raw bytes; else it is not worth the receiver's
      // work.
      const ByteSpan out = ByteSpan(scratch_).first(raw.size() - raw.size() / 32);
      compressed_bytes = thread_codec().compress(spec, raw, out);
    }
    cpu_time = workers_.cpu_clock() - begin;
  }
  void finish() noexcept override {
    done = true;
    owner->on_frame_job(*this);
  }

  [[nodiscard]] ByteView compressed() const { return ByteView(scratch_).first(compressed_bytes); }

  FrameJobOwner* owner = nullptr;
  IngestStream* origin = nullptr;  // lives at least as long as the job is busy
  std::uint64_t channel = 0;
  RawBlock block;
  CodecSpec spec;
  bool busy = false;
  bool done = false;
  std::uint64_t checksum = 0;
  std::size_t compressed_bytes = 0;  // 0: store the raw bytes
  Duration cpu_time{0};

 private:
  static constexpr std::size_t kStoredMax = 64;  // smaller frames do not shrink

  static CodecContext& thread_codec() {
    thread_local const std::unique_ptr<CodecContext> context = make_codec_context();
    return *context;
  }
  WorkerPool& workers_;
  std::vector<std::byte> scratch_;
};

// The jobs of a node. Their number bounds how many frames are with workers at a time.
class FrameJobs {
 public:
  explicit FrameJobs(WorkerPool& workers) : workers_(workers), inline_job_(workers) {
    const int count = workers.threads() == 0 ? 0 : 2 * workers.threads() + 2;
    for (int i = 0; i < count; ++i) jobs_.push_back(std::make_unique<FrameJob>(workers));
  }
  // A free job for the workers. Null: none is free; try again when one has finished.
  [[nodiscard]] FrameJob* free_job() {
    for (const auto& job : jobs_) {
      if (!job->busy) return job.get();
    }
    return nullptr;
  }
  // The job for small frames, and for nodes without workers. The caller runs it at once.
  [[nodiscard]] FrameJob& inline_job() { return inline_job_; }
  [[nodiscard]] bool has_workers() const { return !jobs_.empty(); }
  [[nodiscard]] WorkerPool& workers() { return workers_; }
  // Gives back the blocks of the owner's jobs. REQUIRES: none of them is with a worker, or the
  // workers are gone.
  void forget(const FrameJobOwner& owner) {
    for (const auto& job : jobs_) forget(*job, owner);
    forget(inline_job_, owner);
  }
  [[nodiscard]] std::size_t busy() const {
    std::size_t count = 0;
    for (const auto& job : jobs_) count += job->busy ? 1 : 0;
    return count;
  }

 private:
  static void forget(FrameJob& job, const FrameJobOwner& owner) {
    if (!job.busy || job.owner != &owner) return;
    job.block = RawBlock{};
    job.busy = job.done = false;
  }

  WorkerPool& workers_;
  FrameJob inline_job_;
  std::vector<std::unique_ptr<FrameJob>> jobs_;
};

}  // namespace longthrow
