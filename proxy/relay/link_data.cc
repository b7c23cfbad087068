// SPDX-License-Identifier: Apache-2.0
// The data path. Sending: slab -> block -> frame (codec) -> session -> lane. Receiving: lane ->
// frame -> verified bytes -> session -> leg. Nothing here waits: every step is taken when its
// resources are there, and pump() runs whenever something may have become possible.
#include <algorithm>
#include <array>

#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {
namespace {

// Frames that are nearly a slab keep it; smaller ones are packed into pages.
constexpr std::size_t kKeepBytesMin = kSlabBytes - kSlabBytes / 8;

// Frames of quiet channels that wait in the express lane, in front of acknowledgements and credit.
constexpr std::size_t kAheadQueueBytes = 32 * kKiB;

}  // namespace

void Link::wake() {
  if (!wake_.armed() && !stopped_) loop_.arm(wake_, loop_.now());
}

void Link::pump() {
  if (stopped_) return;
  handle_events();
  for (std::size_t i = 0; i < parked_.size(); ++i) flush_frames(*parked_[i]);
  std::erase_if(parked_,
                [](const Channel* c) { return c->jobs.empty() || !c->jobs.front()->done; });
  serve_slab_queue();
  run_frame_jobs();
  send_express();
  send_bulk();
  handle_events();
  if (session_ == nullptr) return;
  watch_partials();
  // Without room on_lane_room wakes us, and without a lane nothing can be said.
  const bool may_say = express_ != nullptr && express_->has_room();
  if (may_say && session_->next_timeout() != kNever) {
    loop_.arm(control_timer_, std::max(session_->next_timeout(), loop_.now()));
  }
}

// --- memory

bool Link::group_may_grow(const Channel& channel) const {
  const GroupState& group = *channel.core().group;
  const bool starved =
      express_ != nullptr && !group.waiting.empty() && !group.has_bulk_credit(kSlabBytes);
  if (!starved) return true;
  const auto config = group_configs_.find(group.name);
  if (config != group_configs_.end() && config->second.share) {
    return group.stored_charge_bytes < *config->second.share;
  }
  if (session_->groups().size() < 2) return true;
  const std::uint64_t free = send_share_->free_bytes();
  const bool leaves_an_eighth = free >= arena_->limit_bytes(Share::send) / 8;
  return leaves_an_eighth && group.stored_charge_bytes <= std::max<std::uint64_t>(kMiB, free / 2);
}

// A channel of which little is stored needs little, and must not wait for what the others store.
bool Link::stores_little(const Channel& channel) {
  if (!channel.attached()) return false;
  const ChannelCore& core = channel.core();
  const bool quiet = channel.blocks_out() == 0 && core.bulk_frames_out == 0 &&
                     core.out.stored_charge_bytes() <= Session::kAheadBytesMax;
  return core.express || quiet;
}

bool Link::takes_little(const Channel& channel) {
  return channel.core().express || (stores_little(channel) && !channel.has_block());
}

std::uint32_t Link::room_for(const Channel& channel) {
  if (channel.core().express) return send_share_->express_turn_bytes();
  const std::uint32_t room = turn_bytes();
  if (!takes_little(channel)) return room;
  const bool ahead = session_ != nullptr && session_->quiet_beside_bulk(channel.core());
  return ahead || room == 0 ? send_share_->express_turn_bytes() : room;
}

RawBlock Link::lend_block(Channel& channel) {
  const bool express = channel.core().express;
  const std::uint32_t room = room_for(channel);
  if (room > 0 && (express || group_may_grow(channel))) {
    RawBlock block{.slab = arena_->take_staging(), .room_bytes = room};
    if (block.slab.valid()) {
      send_share_->lend(room);
      return block;
    }
    close_oldest_partial(&channel);
  }
  if (!channel.in_slab_queue) {
    channel.in_slab_queue = true;
    if (takes_little(channel)) {
      slab_queue_.push_front(&channel);
    } else {
      slab_queue_.push_back(&channel);
    }
  }
  return {};
}

void Link::block_returned(const RawBlock& block) {
  send_share_->take_back(block.room_bytes);
  wake();
}

std::uint32_t Link::turn_bytes() {
  return send_share_->turn_bytes(out_rate_.bytes_s(), slab_queue_.size() + 1);
}

void Link::serve_slab_queue() {
  for (std::size_t left = slab_queue_.size(); left > 0 && !slab_queue_.empty(); --left) {
    Channel* channel = slab_queue_.front();
    const bool express = channel->core().express;
    if (channel->attached() && room_for(*channel) == 0) return;
    const bool may = channel->attached() && (express || group_may_grow(*channel));
    if (may && arena_->staging_slabs_free() == 0) {
      close_oldest_partial(nullptr);
      return;
    }
    slab_queue_.pop_front();
    if (may || !channel->attached()) {
      channel->in_slab_queue = false;
      channel->on_slab();
    } else {
      slab_queue_.push_back(channel);  // its group may not grow: the next one's turn
    }
  }
}

// What was granted may still come: the receive share shrinks when it cannot be exceeded any more.
void Link::approach_memlimit() {
  if (arena_->memlimit_bytes() <= send_share_->memlimit_bytes()) return;
  // First: the window that counts as promised is the one that is given from now on.
  update_receive_window();
  const std::uint64_t promised = session_ != nullptr ? session_->promised_charge_bytes() : 0;
  send_share_->approach(arena_->used_bytes(Share::receive) + promised);
  update_receive_window();
}

// --- frames

bool Link::reading_allowed(const Channel& channel) const {
  if (session_ == nullptr || held_groups_.contains(channel.group())) return false;
  return !stopping_ || channel.unread_before_stop() > 0;
}

bool Link::bulk_has_room() const {
  return std::ranges::any_of(bulk_, [](const auto& entry) { return entry.second->has_room(); });
}

bool Link::hungry(const Channel& channel) const {
  if (channel.core().express) return true;
  if (session_ == nullptr || !session_->connected()) return false;
  if (takes_little(channel) && session_->quiet_beside_bulk(channel.core())) return true;
  return frame_queue_.empty() && bulk_has_room() && !session_->bulk_frames_wait();
}

std::int64_t Link::wall_ns() const { return civil_clock_.at_ns(loop_.now()); }

void Link::frame_wanted(Channel& channel) {
  if (!channel.in_frame_queue) {
    channel.in_frame_queue = true;
    if (stores_little(channel) && channel.next_block_bytes() <= Session::kAheadBytesMax) {
      frame_queue_.push_front(&channel);
    } else {
      frame_queue_.push_back(&channel);
    }
  }
  wake();
}

void Link::partial_wanted(Channel& channel) {
  if (!channel.in_partial_list) {
    channel.in_partial_list = true;
    partials_.push_back(&channel);
  }
  watch_partials();
}

void Link::watch_partials() {
  if (partials_.empty() || partial_timer_.armed()) return;
  if (session_ == nullptr || !session_->connected()) return;  // pump() comes when it is
  loop_.arm(partial_timer_, loop_.now() + kPartialAge);
}

// What has nothing of its own channel before it waits for its turn as a frame, not to become full.
void Link::on_partial_timer() {
  const TimePoint now = loop_.now();
  const auto old_enough = [&](Channel* channel) {
    const auto since = channel->oldest_unframed_at();
    const bool first = channel->attached() && channel->core().out.first_waiting() == nullptr &&
                       !channel->has_block() && channel->blocks_out() == 0;
    if (!first || !since || now - *since < kPartialAge) return false;
    channel->close_block();
    channel->in_partial_list = !channel->has_block();
    return channel->has_block();
  };
  std::erase_if(partials_, old_enough);
  watch_partials();
}

bool Link::close_oldest_partial(const Channel* except) {
  for (std::size_t left = partials_.size(); left > 0; --left) {
    Channel* channel = partials_.front();
    partials_.pop_front();
    if (channel == except) {
      partials_.push_back(channel);
      continue;
    }
    channel->in_partial_list = false;
    const bool had_block = channel->has_block();
    channel->close_block();
    if (!had_block && channel->has_block()) return true;
  }
  return false;
}

void Link::run_frame_jobs() {
  for (std::size_t left = frame_queue_.size(); left > 0; --left) {
    Channel* channel = frame_queue_.front();
    if (channel->has_block() && !start_frame_job(*channel)) return;
    frame_queue_.pop_front();
    if (channel->has_block()) {
      frame_queue_.push_back(channel);
      ++left;
    } else {
      channel->in_frame_queue = false;
    }
  }
}

bool Link::start_frame_job(Channel& channel) {
  const std::uint32_t bytes = channel.next_block_bytes();
  const bool inline_job =
      !context_.jobs.has_workers() || (bytes <= kInlineBytesMax && channel.jobs.empty());
  // An inline frame is stored at once: the memory must be there now.
  const bool fits = arena_->free_bytes(Share::send) >= bytes + kPageBytes;
  FrameJob* job =
      inline_job
          ? (fits && !context_.jobs.inline_job().busy ? &context_.jobs.inline_job() : nullptr)
          : context_.jobs.free_job();
  if (job == nullptr) return false;
  RawBlock block = channel.take_block();
  const ByteView raw = ByteView(block.slab.bytes()).first(block.bytes);
  const CodecSpec spec = compression_.choose(channel.guard, raw);
  job->prepare(*this, channel, channel.core().id, std::move(block), spec);
  channel.jobs.push_back(job);
  if (inline_job) {
    job->run();
    job->finish();
  } else {
    context_.jobs.workers().submit(*job);
  }
  return true;
}

void Link::on_frame_job(FrameJob& job) {
  codec_time_ += job.cpu_time;
  flush_frames(*job.origin);
  wake();
}

void Link::flush_frames(Channel& channel) {
  while (!channel.jobs.empty() && channel.jobs.front()->done) {
    FrameJob* job = channel.jobs.front();
    if (!finish_frame(channel, *job)) {
      if (std::ranges::find(parked_, &channel) == parked_.end()) parked_.push_back(&channel);
      return;
    }
    channel.jobs.pop_front();
    job->busy = job->done = false;
    channel.block_done();
  }
}

// False: there is no memory for the result now (the limit was lowered meanwhile); try again later.
bool Link::finish_frame(Channel& channel, FrameJob& job) {
  RawBlock& block = job.block;
  const ByteView raw = ByteView(block.slab.bytes()).first(block.bytes);
  const bool wanted =
      channel.attached() && !channel.core().out.stopped && !channel.core().out.end.has_value();
  if (wanted) {
    std::optional<Stored> stored;
    const bool compressed = job.compressed_bytes > 0;
    if (!compressed && block.bytes >= kKeepBytesMin) stored = arena_->keep(block.slab, block.bytes);
    if (!stored) stored = arena_->store(Share::send, compressed ? job.compressed() : raw);
    if (!stored) return false;
    OutFrame* frame = pool_.take();
    frame->header.raw_bytes = block.bytes;
    frame->header.payload_bytes = static_cast<std::uint32_t>(stored->size_bytes());
    frame->header.codec = compressed ? job.spec.id : CodecId::none;
    frame->header.checksum = job.checksum;
    frame->header.wall_ns = std::min(block.wall_ns, channel.core().group->frames_as_of_max_ns);
    frame->payload = std::move(*stored);
    frame->read_at = block.read_at;
    compression_.on_frame(channel.guard, job.spec, block.bytes, job.compressed_bytes, job.cpu_time);
    totals_.framed_raw_bytes += block.bytes;
    totals_.framed_wire_bytes += frame->header.payload_bytes;
    LT_ASSERT(channel.core().out.accepted_offset() == block.offset);
    session_->push(channel.core(), frame);
  }
  channel.on_framed(block.bytes);
  block_returned(block);
  block = RawBlock{};
  return true;
}

// --- sending

void Link::send_express() {
  if (session_ == nullptr || express_ == nullptr || !express_->has_room()) return;
  outgoing_.clear();
  session_->poll_control(loop_.now(), outgoing_);
  if (!outgoing_.empty()) express_->send(outgoing_.view());
  while (express_->has_room()) {
    const auto next = session_->poll_express_frame();
    if (next.frame == nullptr) break;
    send_frame(*express_, next);
  }
  while (express_->queued_bytes() < kAheadQueueBytes) {
    const auto next = session_->poll_ahead_frame();
    if (next.frame == nullptr) return;
    send_frame(*express_, next);
  }
}

void Link::send_bulk() {
  if (session_ == nullptr || bulk_.empty()) return;
  bool sent = true;
  while (sent) {
    sent = false;
    for (std::size_t turn = 0; turn < bulk_.size(); ++turn) {
      auto lane = bulk_.upper_bound(next_bulk_);
      if (lane == bulk_.end()) lane = bulk_.begin();
      next_bulk_ = lane->first;
      if (!lane->second->has_room()) continue;
      if (!bucket_.may_send(loop_.now())) {
        if (session_->bulk_frames_wait()) loop_.arm(control_timer_, bucket_.ready_at());
        return;
      }
      const auto next = session_->poll_bulk_frame(lane->second->id);
      if (next.frame == nullptr) {
        if (!session_->connected() || !close_oldest_partial(nullptr)) return;
        run_frame_jobs();
        send_express();  // before this lane takes it: it may be the block of a quiet channel
        sent = true;
        continue;
      }
      send_frame(*lane->second, next);
      start_pacing();
      sent = true;
    }
  }
}

void Link::send_frame(Lane& lane, const Session::NextFrame& next) {
  OutFrame& frame = *next.frame;
  outgoing_.clear();
  wire::encode(frame.header, outgoing_);
  if (frame.header.payload_bytes > 0) {
    frame.payload.copy_to(outgoing_.extend(frame.payload.size_bytes()));
  }
  lane.send(outgoing_.view());
  bucket_.sent(outgoing_.size());
  totals_.frame_bytes_out += outgoing_.size();
  if (next.again) totals_.retransmitted_bytes += outgoing_.size();
}

// --- receiving

Result<void> Link::on_lane_record(Lane& lane, const wire::RecordView& record) {
  if (record.type == wire::RecordType::bye) {
    const auto bye = wire::decode_bye(record.body);
    if (!bye) return std::unexpected(bye.error());
    return on_bye(lane, *bye);
  }
  if (session_ == nullptr || lane.id == kNoLane) return fail("a record out of place");
  const std::uint64_t damaged_before = totals_.checksum_failures;
  auto taken = take_record(lane, record);
  // A damaged frame is counted by itself, and costs its channel, not those of the others.
  const bool damaged = totals_.checksum_failures > damaged_before;
  if (taken || damaged || session_ == nullptr || !faults_.add(loop_.now())) return taken;
  const std::string reason = format("the peer has broken the protocol {} times, last with {}",
                                    FaultCount::kMax, taken.error().message);
  link_down(reason);
  end_session({LossReason::session_ended, reason});
  return {};
}

Result<void> Link::take_record(Lane& lane, const wire::RecordView& record) {
  const TimePoint now = loop_.now();
  const bool express = &lane == express_.get();
  const auto decoded = [&](auto&& record_or, auto handle) -> Result<void> {
    if (!record_or) return std::unexpected(record_or.error());
    return handle(*record_or);
  };
  switch (record.type) {
    case wire::RecordType::frame:
      return on_frame(lane, record);
    case wire::RecordType::heartbeat:
      if (!express) return {};  // it has shown that the lane lives
      return decoded(wire::decode_heartbeat(record.body),
                     [&](const auto& heartbeat) { return session_->on_heartbeat(now, heartbeat); });
    case wire::RecordType::heartbeat_echo:
      return decoded(wire::decode_heartbeat_echo(record.body),
                     [&](const auto& echo) -> Result<void> {
                       session_->on_heartbeat_echo(now, echo);
                       on_peer_alive(echo.sent_at_ns);
                       auto waiting = std::exchange(pings_, {});
                       for (auto& done : waiting) done(rtt_ms());
                       return {};
                     });
    default:
      break;
  }
  if (!express) return fail("a control record on a bulk lane");
  switch (record.type) {
    case wire::RecordType::routes:
      return decoded(wire::decode_routes(record.body),
                     [&](const auto& routes) { return session_->on_routes(routes); });
    case wire::RecordType::ack:
      return decoded(wire::decode_ack(record.body),
                     [&](const auto& ack) { return session_->on_ack(ack); });
    case wire::RecordType::credit:
      return decoded(wire::decode_credit(record.body),
                     [&](const auto& credit) { return session_->on_credit(credit); });
    case wire::RecordType::credit_recall:
      return decoded(wire::decode_credit_recall(record.body),
                     [&](const auto& recall) { return session_->on_credit_recall(recall); });
    case wire::RecordType::credit_return:
      return decoded(wire::decode_credit_return(record.body),
                     [&](const auto& returned) { return session_->on_credit_return(returned); });
    case wire::RecordType::marks:
      return decoded(wire::decode_marks(record.body), [&](auto& marks) -> Result<void> {
        session_->on_marks(std::move(marks));
        return {};
      });
    case wire::RecordType::notices:
      return decoded(wire::decode_notices(record.body), [&](const auto& notices) -> Result<void> {
        on_notices(notices);
        return {};
      });
    default:
      return fail("a record out of place");
  }
}

Result<void> Link::on_frame(Lane& lane, const wire::RecordView& record) {
  const wire::FrameHeader& header = record.frame;
  const TimePoint now = loop_.now();
  if (header.express != (&lane == express_.get())) return fail("a frame on the wrong lane");
  const auto fate = session_->on_frame(now, header);
  if (!fate) return std::unexpected(fate.error());
  if (*fate == FrameFate::done) return {};

  ByteView raw = record.payload;
  bool intact = true;
  if (header.codec != CodecId::none) {
    const ByteSpan into = ByteSpan(decoded_).first(header.raw_bytes);
    intact = decoder_->decompress(header.codec, record.payload, into).has_value();
    raw = into;
  }
  intact =
      intact && checksum64(raw, wire::place_seed(header.channel, header.offset)) == header.checksum;
  if (!intact) {
    ++totals_.checksum_failures;
    if (session_->on_corrupt(now, header)) return {};
    return fail(
        format("frame {} of channel {} failed its checksum", header.number, header.channel));
  }
  auto stored = arena_->store(Share::receive, raw);
  if (!stored) return fail("the receive share is full: the peer does not keep to its credit");
  totals_.peer_received_bytes += header.raw_bytes;
  return session_->on_data(now, header, std::move(*stored));
}

// --- events

void Link::handle_events() {
  while (session_ != nullptr) {
    const auto event = session_->poll_event();
    if (!event) return;
    handle_event(*event);
  }
}

void Link::handle_event(const SessionEvent& event) {
  auto* channel = event.channel != nullptr ? static_cast<Channel*>(event.channel->user) : nullptr;
  switch (event.kind) {
    case SessionEvent::Kind::opened:
      on_opened(*event.channel);
      break;
    case SessionEvent::Kind::readable:
      channel->on_readable();
      break;
    case SessionEvent::Kind::stopped:
      note_over(*channel, kPeerTakesNoMore);
      channel->on_stopped();
      if (channel->closed()) note_unproven(*channel, channel->how_it_ended(), channel->end_cause());
      break;
    case SessionEvent::Kind::corrupt:
      channel->on_corrupt();
      break;
    case SessionEvent::Kind::end_acked:
      channel->on_readable();
      if (channel->closed()) loop_.arm(reap_timer_, loop_.now());
      break;
    case SessionEvent::Kind::routes_changed:
      refresh_routes();
      break;
    case SessionEvent::Kind::acked:
    case SessionEvent::Kind::credit:
      wake();
      break;
  }
}

void Link::channel_read(Channel& channel, std::uint64_t bytes) {
  totals_.raw_in_bytes += bytes;
  if (channel.read_bytes() == bytes) note_carried(channel);
}

void Link::channel_written(Channel& channel, std::uint64_t bytes) {
  session_->handed_over(channel.core(), bytes);
  totals_.delivered_bytes += bytes;
  if (bytes > 0 && channel.core().in.consumed_offset() == bytes) note_carried(channel);
  wake();
}

void Link::channel_delivered(Channel& channel, std::uint64_t offset) {
  session_->delivered(channel.core(), offset);
}

void Link::channel_end(Channel& channel, EndKind kind) {
  session_->push_end(channel.core(), kind,
                     std::min(wall_ns(), channel.core().group->frames_as_of_max_ns));
  if (channel.partner() != nullptr) partner_ends(channel);
  wake();
}

void Link::channel_stop(Channel& channel) {
  if (!channel.closed()) {
    using enum ChannelEnd::How;
    note_untaken(
        channel, channel.breaks_in_the_midst() ? broken : aborted,
        {LossReason::program_closed, "the program here takes no more: its connection broke"});
  }
  session_->stop(channel.core());
  wake();
}

}  // namespace longthrow
