// SPDX-License-Identifier: Apache-2.0
#include "proxy/ingest/ingest.h"

#include <algorithm>

#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {

Ingest::Ingest(const Parts& parts, CompressionSetting compression)
    : parts_(parts),
      share_(parts.arena),
      frames_({parts.arena, share_, parts.jobs, parts.wake}, compression) {}

void Ingest::begin_session(Session& session) {
  session_ = &session;
  frames_.set_session(&session);
}

void Ingest::end_session() {
  frames_.forget_waiting();
  slab_queue_.clear();
  partials_.clear();
  session_ = nullptr;
  frames_.set_session(nullptr);
}

// --- memory

// A group that waits for credit may go on filling the send share, as long as it leaves room for the
// other groups.
bool Ingest::group_may_grow(const IngestStream& stream) const {
  const GroupState& group = *stream.core().group;
  const bool starved =
      parts_.outlook().up && !group.waiting.empty() && !group.has_bulk_credit(kSlabBytes);
  if (!starved) return true;
  if (const auto config = groups_.find(group.name); config != groups_.end() && config->second.share)
    return group.stored_charge_bytes < *config->second.share;
  if (session_->groups().size() < 2) return true;
  const std::uint64_t free = share_.free_bytes();
  const bool leaves_an_eighth = free >= parts_.arena.limit_bytes(Share::send) / 8;
  return leaves_an_eighth && group.stored_charge_bytes <= std::max<std::uint64_t>(kMiB, free / 2);
}

std::uint32_t Ingest::turn_bytes() {
  const Outlook outlook = parts_.outlook();
  const std::uint32_t bytes = share_.turn_bytes(outlook.drained_bytes_s, slab_queue_.size() + 1);
  share_.count_full(outlook.now);
  return bytes;
}

std::uint32_t Ingest::room_for(const IngestStream& stream) {
  if (stream.core().express) return share_.express_turn_bytes();
  const std::uint32_t room = turn_bytes();
  if (!stream.takes_little()) return room;
  const bool ahead = session_ != nullptr && session_->quiet_beside_bulk(stream.core());
  return ahead || room == 0 ? share_.express_turn_bytes() : room;
}

RawBlock Ingest::lend(IngestStream& stream) {
  const std::uint32_t room = room_for(stream);
  if (room > 0 && (stream.core().express || group_may_grow(stream))) {
    RawBlock block{.slab = parts_.arena.take_staging(), .room_bytes = room};
    if (block.slab.valid()) {
      share_.lend(room);
      return block;
    }
    close_oldest_partial(&stream);
  }
  if (stream.takes_little()) {
    slab_queue_.push_front(stream);
  } else {
    slab_queue_.push_back(stream);
  }
  return {};
}

void Ingest::take_back(const RawBlock& block) {
  share_.take_back(block.room_bytes);
  parts_.wake();
}

// Acknowledgements may have made room although no stream waits.
void Ingest::serve_waiting() {
  share_.count_full(parts_.outlook().now);
  for (std::size_t left = slab_queue_.size(); left > 0 && !slab_queue_.empty(); --left) {
    IngestStream& stream = slab_queue_.front();
    if (stream.attached() && room_for(stream) == 0) return;
    const bool may = stream.attached() && (stream.core().express || group_may_grow(stream));
    if (may && parts_.arena.staging_slabs_free() == 0) {
      note_reached(Mark::no_slab_for_a_leg);
      close_oldest_partial();
      return;
    }
    slab_queue_.pop();
    if (may || !stream.attached()) {
      stream.owner_.on_slab();
    } else if (!planted(Plant::starved_leg_forgotten)) {
      note_reached(Mark::starved_group_waits);
      slab_queue_.push_back(stream);  // its group may not grow: try the next stream
    }
  }
}

// --- blocks

bool Ingest::wants_frame_now(const IngestStream& stream) const {
  if (stream.core().express) return true;
  if (session_ == nullptr || !session_->connected()) return false;
  if (stream.takes_little() && session_->quiet_beside_bulk(stream.core())) return true;
  return !frames_.any_waits() && parts_.outlook().bulk_has_room && !session_->bulk_frames_wait();
}

void Ingest::on_block(IngestStream& stream) {
  frames_.add(stream);
  parts_.wake();
}

void Ingest::on_partial(IngestStream& stream) {
  if (!planted(Plant::partial_waits)) partials_.push_back(stream);
  parts_.on_partial();
}

bool Ingest::partials_wait() const {
  return !partials_.empty() && session_ != nullptr && session_->connected();
}

void Ingest::close_old_partials(TimePoint now) {
  for (std::size_t left = partials_.size(); left > 0; --left) {
    IngestStream& stream = partials_.pop();
    const auto since = stream.oldest_at();
    const bool first =
        stream.attached() && stream.core().out.first_waiting() == nullptr && stream.all_framed();
    if (first && since && now - *since >= kPartialAge) stream.close_block();
    if (!first || !stream.has_block()) partials_.push_back(stream);
  }
}

bool Ingest::close_oldest_partial(const IngestStream* except) {
  for (std::size_t left = partials_.size(); left > 0; --left) {
    IngestStream& stream = partials_.pop();
    if (&stream == except) {
      partials_.push_back(stream);
      continue;
    }
    const bool had_block = stream.has_block();
    stream.close_block();
    if (!had_block && stream.has_block()) return true;
  }
  return false;
}

void Ingest::forget(IngestStream& stream) {
  slab_queue_.forget(stream);
  partials_.forget(stream);
  frames_.forget(stream);
}

}  // namespace longthrow
