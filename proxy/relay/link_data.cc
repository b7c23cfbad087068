// SPDX-License-Identifier: Apache-2.0
// The data path. Sending: slab -> block -> frame (codec) -> session -> lane. Receiving: lane ->
// frame -> verified bytes -> session -> leg. Nothing here waits: every step is taken when its
// resources are there, and pump() runs whenever something may have become possible.
#include <algorithm>
#include <array>

#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {
void Link::wake() {
  if (!wake_.armed() && !stopped_) loop_.arm(wake_, loop_.now());
}

void Link::pump() {
  if (stopped_) return;
  handle_events();
  ingest_->store_parked();
  ingest_->serve_waiting();
  ingest_->make_frames();
  send();
  handle_events();
  if (session_ == nullptr) return;
  watch_partials();
  // Without room on_lane_room wakes us, and without a lane nothing can be said.
  const Lane* express = uplink_.lanes().express();
  const bool may_say = express != nullptr && express->has_room();
  if (may_say && session_->next_timeout() != kNever) {
    loop_.arm(control_timer_, std::max(session_->next_timeout(), loop_.now()));
  }
}

// --- memory

// The peer may still use credit that it has been given. The receive share is lowered only as far as
// that credit fits.
void Link::approach_memlimit() {
  if (arena_->memlimit_bytes() <= ingest_->share().memlimit_bytes()) return;
  // First: the window that counts as promised is the one that is given from now on.
  update_receive_window();
  const std::uint64_t promised = session_ != nullptr ? session_->promised_charge_bytes() : 0;
  ingest_->share().approach(arena_->used_bytes(Share::receive) + promised);
  update_receive_window();
}

bool Link::reading_allowed(const Channel& channel) const {
  if (session_ == nullptr || held_groups_.contains(channel.group())) return false;
  return !stopping_ || channel.unread_before_stop() > 0;
}

Ingest::Outlook Link::outlook() const {
  return {.up = uplink_.up(),
          .bulk_has_room = uplink_.lanes().bulk_has_room(),
          .drained_bytes_s = rates_.out_bytes_s()};
}

std::int64_t Link::wall_ns() const { return civil_clock_.at_ns(loop_.now()); }

void Link::watch_partials() {
  if (partial_timer_.armed() || !ingest_->partials_wait()) return;
  loop_.arm(partial_timer_, loop_.now() + Ingest::kPartialAge);
}

void Link::on_partial_timer() {
  ingest_->close_old_partials(loop_.now());
  watch_partials();
}

// --- sending

void Link::send() {
  if (session_ == nullptr) return;
  sender_.send_express(*session_);
  if (const auto again_at = sender_.send_bulk(*session_, *ingest_))
    loop_.arm(control_timer_, *again_at);
}

// --- receiving

Result<void> Link::on_record(Lane& lane, const wire::RecordView& record) {
  if (session_ == nullptr || lane.id == kNoLane) return fail("a record out of place");
  const std::uint64_t damaged_before = totals_.checksum_failures;
  auto taken = take_record(lane, record);
  // A damaged frame is counted by itself, and costs its channel, not those of the others.
  const bool damaged = totals_.checksum_failures > damaged_before;
  if (taken || damaged || session_ == nullptr || !faults_.add(loop_.now())) return taken;
  const std::string reason = format("the peer has broken the protocol {} times, last with {}",
                                    FaultCount::kMax, taken.error().message);
  uplink_.down(reason);
  end_session({LossReason::session_ended, reason});
  return {};
}

Result<void> Link::take_record(Lane& lane, const wire::RecordView& record) {
  const bool express = &lane == uplink_.lanes().express();
  const LaneKind kind = express ? LaneKind::express : LaneKind::bulk;
  if (record.type == wire::RecordType::frame) return on_frame(kind, record);
  if (record.type == wire::RecordType::notices && express) {
    const auto notices = wire::decode_notices(record.body);
    if (!notices) return std::unexpected(notices.error());
    on_notices(*notices);
    return {};
  }
  auto taken = session_->on_control(loop_.now(), kind, record.type, record.body);
  if (taken && record.type == wire::RecordType::heartbeat_echo) on_heartbeat_echo(record.body);
  return taken;
}

void Link::on_heartbeat_echo(ByteView body) {
  uplink_.on_peer_alive(wire::decode_heartbeat_echo(body)->sent_at_ns);
  auto waiting = std::exchange(pings_, {});
  for (auto& done : waiting) done(rtt_ms());
}

Result<void> Link::on_frame(LaneKind lane, const wire::RecordView& record) {
  const wire::FrameHeader& header = record.frame;
  const TimePoint now = loop_.now();
  if (header.express != (lane == LaneKind::express)) return fail("a frame on the wrong lane");
  const auto fate = session_->on_frame(now, header);
  if (!fate) return std::unexpected(fate.error());
  if (*fate == FrameFate::done) return {};

  const auto raw = decoder_.decode(header, record.payload);
  if (!raw) {
    ++totals_.checksum_failures;
    if (session_->on_corrupt(now, header)) return {};
    return fail(
        format("frame {} of channel {} failed its checksum", header.number, header.channel));
  }
  auto stored = arena_->store(Share::receive, *raw);
  if (!stored) return fail("the receive share is full: the peer does not keep to its credit");
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
