// SPDX-License-Identifier: Apache-2.0
#include "proxy/ingest/ingest_stream.h"

#include "proxy/ingest/ingest.h"

namespace longthrow {

ByteSpan IngestStream::open_block() {
  if (!open_.slab.valid()) {
    open_ = ingest_.lend(*this);
    if (!open_.slab.valid()) return {};
  }
  receiving_ = true;
  return open_.slab.bytes().first(open_.room_bytes).subspan(open_.bytes);
}

void IngestStream::add(const Arrival& arrival) {
  if (open_.bytes == 0) {
    open_.read_at = arrival.read_at;
    open_.offset = arrival.offset;
  }
  open_.bytes += arrival.bytes;
  open_.wall_ns = arrival.wall_ns;
  unframed_bytes_ += arrival.bytes;
  if (open_.bytes == open_.room_bytes || ingest_.wants_frame_now(*this)) {
    close_block();
  } else {
    ingest_.on_partial(*this);
  }
}

void IngestStream::close_block() {
  if (open_.bytes == 0 || receiving_) return;
  blocks_.push_back(std::move(open_));
  open_ = RawBlock{};
  ingest_.on_block(*this);
}

void IngestStream::give_back_open_block() {
  if (!open_.slab.valid() || receiving_) return;
  unframed_bytes_ -= open_.bytes;
  ingest_.take_back(open_);
  open_ = RawBlock{};
}

void IngestStream::drop_blocks() {
  while (!blocks_.empty()) {
    unframed_bytes_ -= blocks_.front().bytes;
    ingest_.take_back(blocks_.front());
    blocks_.pop_front();
  }
  give_back_open_block();
}

RawBlock IngestStream::take_block() {
  LT_ASSERT(!blocks_.empty());
  RawBlock taken = std::move(blocks_.front());
  blocks_.pop_front();
  return taken;
}

std::optional<TimePoint> IngestStream::oldest_at() const {
  if (!jobs_.empty()) return jobs_.front()->block.read_at;
  if (!blocks_.empty()) return blocks_.front().read_at;
  if (open_.bytes > 0) return open_.read_at;
  return std::nullopt;
}

bool IngestStream::stores_little() const {
  if (!attached_) return false;
  const bool quiet = jobs_.empty() && core_.bulk_frames_out == 0 &&
                     core_.out.stored_charge_bytes() <= Session::kAheadBytesMax;
  return core_.express || quiet;
}

}  // namespace longthrow
