// SPDX-License-Identifier: Apache-2.0
#include "proxy/ingest/frame_maker.h"

#include <algorithm>

namespace longthrow {

FrameMaker::FrameMaker(Parts parts, CompressionSetting compression)
    : parts_(std::move(parts)), compression_(compression) {}

// Jobs may still hold blocks in the link's arena, which goes with the link.
FrameMaker::~FrameMaker() { parts_.jobs.forget(*this); }

void FrameMaker::add(IngestStream& stream) {
  if (stream.stores_little() && stream.blocks_.front().bytes <= Session::kAheadBytesMax) {
    waiting_.push_front(stream);
  } else {
    waiting_.push_back(stream);
  }
}

void FrameMaker::run() {
  for (std::size_t left = waiting_.size(); left > 0; --left) {
    if (waiting_.front().has_block() && !begin(waiting_.front())) return;
    IngestStream& stream = waiting_.pop();
    if (!stream.has_block()) continue;
    waiting_.push_back(stream);
    ++left;
  }
}

bool FrameMaker::begin(IngestStream& stream) {
  const std::uint32_t bytes = stream.blocks_.front().bytes;
  FrameJobs& jobs = parts_.jobs;
  const bool is_inline =
      !jobs.has_workers() || (bytes <= kInlineBytesMax && !stream.jobs_under_way());
  // An inline frame is stored at once, so its memory must be free now.
  const bool fits = parts_.arena.free_bytes(Share::send) >= bytes + kPageBytes;
  FrameJob* job = is_inline ? (fits && !jobs.inline_job().busy ? &jobs.inline_job() : nullptr)
                            : jobs.free_job();
  if (job == nullptr) return false;
  RawBlock block = stream.take_block();
  const ByteView raw = ByteView(block.slab.bytes()).first(block.bytes);
  const CodecSpec spec = compression_.choose(stream.guard_, raw);
  job->prepare(*this, stream, stream.core().id, std::move(block), spec);
  stream.jobs_.push_back(job);
  if (is_inline) {
    job->run();
    job->finish();
  } else {
    jobs.workers().submit(*job);
  }
  return true;
}

void FrameMaker::on_frame_job(FrameJob& job) {
  cpu_time_ += job.cpu_time;
  finish_done(*job.origin);
  parts_.on_frame();
}

void FrameMaker::store_parked() {
  for (std::size_t left = parked_.size(); left > 0; --left) finish_done(parked_.pop());
}

void FrameMaker::finish_done(IngestStream& stream) {
  while (stream.jobs_under_way() && stream.jobs_.front()->done) {
    FrameJob* job = stream.jobs_.front();
    if (!finish(stream, *job)) return parked_.push_back(stream);
    stream.jobs_.pop_front();
    job->busy = job->done = false;
    stream.owner_.on_block_done();
  }
}

// False: there is no memory for the result now, because the limit was lowered meanwhile. Try again
// later.
bool FrameMaker::finish(IngestStream& stream, FrameJob& job) {
  const bool wanted = stream.attached() && !stream.core().out.stopped && !stream.core().out.end;
  if (wanted && !store(stream, job)) return false;
  stream.unframed_bytes_ -= job.block.bytes;
  parts_.share.take_back(job.block.room_bytes);
  job.block = RawBlock{};
  parts_.on_frame();
  return true;
}

bool FrameMaker::store(IngestStream& stream, FrameJob& job) {
  RawBlock& block = job.block;
  const ByteView raw = ByteView(block.slab.bytes()).first(block.bytes);
  std::optional<Stored> stored;
  const bool compressed = job.compressed_bytes > 0;
  if (!compressed && block.bytes >= kKeepBytesMin)
    stored = parts_.arena.keep(block.slab, block.bytes);
  if (!stored) stored = parts_.arena.store(Share::send, compressed ? job.compressed() : raw);
  if (!stored) return false;
  OutFrame* frame = pool_.take();
  frame->header.raw_bytes = block.bytes;
  frame->header.payload_bytes = static_cast<std::uint32_t>(stored->size_bytes());
  frame->header.codec = compressed ? job.spec.id : CodecId::none;
  frame->header.checksum = job.checksum;
  frame->header.wall_ns = std::min(block.wall_ns, stream.core().group->frames_as_of_max_ns);
  frame->payload = std::move(*stored);
  frame->read_at = block.read_at;
  compression_.on_frame(stream.guard_, job.spec, block.bytes, job.compressed_bytes, job.cpu_time);
  made_.raw_bytes += block.bytes;
  made_.payload_bytes += frame->header.payload_bytes;
  LT_ASSERT(stream.core().out.accepted_offset() == block.offset);
  session_->push(stream.core(), frame);
  return true;
}

void FrameMaker::forget(IngestStream& stream) {
  waiting_.forget(stream);
  parked_.forget(stream);
}

bool FrameMaker::is_short_of_workers() const {
  return any_waits() || (parts_.jobs.has_workers() && parts_.jobs.busy() > 2);
}

}  // namespace longthrow
