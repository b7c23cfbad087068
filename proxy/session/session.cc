// SPDX-License-Identifier: Apache-2.0
// Lanes, channels and frames. Control records are in session_records.cc.
#include "proxy/session/session.h"

#include <algorithm>

#include "proxy/base/planted.h"

namespace longthrow {
namespace {

constexpr std::uint64_t kNumbersAheadMax = 1U << 20;
static_assert(SendSpace::kFramesMax <= kNumbersAheadMax, "no honest peer has more under way");

bool is_end(wire::FrameKind kind) {
  return kind == wire::FrameKind::fin || kind == wire::FrameKind::abort;
}

}  // namespace

Session::Session(FramePool& pool, bool lower_name) : pool_(pool), lower_name_(lower_name) {}

Session::~Session() { (void)release_all(); }

void Session::emit(SessionEvent::Kind kind, ChannelCore* channel) {
  if (!events_.empty() && events_.back().kind == kind && events_.back().channel == channel) return;
  events_.push_back({kind, channel});
}

std::optional<SessionEvent> Session::poll_event() {
  if (events_.empty()) return std::nullopt;
  const SessionEvent event = events_.front();
  events_.pop_front();
  return event;
}

void Session::forget_events_of(const ChannelCore* channel) {
  std::erase_if(events_, [&](const SessionEvent& event) { return event.channel == channel; });
  std::erase(delivered_due_, channel);
}

// --- lanes

void Session::on_express_up(LaneId lane) {
  LT_ASSERT(express_lane_ == kNoLane && lane != kNoLane);
  express_lane_ = lane;
  awaiting_ack_ = true;
  routes_due_ = ack_due_ = heartbeat_due_ = true;
  credit_due_ = true;
  echoes_due_.clear();
  // Recalls and their answers end with the lane; the grant that is sent again holds.
  returns_due_.clear();
  for (auto& [name, its_group] : groups_) its_group.recalled = false;
  // Delivered offsets are absolute: all are sent again, since the peer may have missed any.
  final_marks_.all_due();
  for (auto& [id, channel] : channels_) {
    if (channel->delivered_offset > 0) delivered(*channel, channel->delivered_offset);
  }
}

void Session::on_bulk_up(LaneId lane) { LT_ASSERT(lane != kNoLane && express_lane_ != kNoLane); }

void Session::on_lane_down(LaneId lane) {
  express_out_.on_lane_down(lane);
  if (!planted(Plant::forget_lost_frames)) bulk_out_.on_lane_down(lane);
  if (lane == express_lane_) {
    express_lane_ = kNoLane;
    awaiting_ack_ = true;
  }
}

// --- channels

GroupState& Session::group(const std::string& name) {
  const auto [place, inserted] = groups_.try_emplace(name);
  if (inserted) {
    place->second.name = name;
    place->second.id = next_group_id_++;
  }
  return place->second;
}

ChannelCore& Session::open(const std::string& route) {
  LT_ASSERT(standing(route).may_open && connected() && may_open_more());
  const RouteIds& ids = *local_route(route);
  const std::uint64_t id = next_own_index_++ * 2 + (lower_name_ ? 0 : 1);
  auto channel = std::make_unique<ChannelCore>(pool_, id, ids.id, group(ids.route.group));
  ChannelCore& opened = *channel;
  channels_.emplace(id, std::move(channel));
  ++own_channels_;
  push_express(opened, wire::FrameKind::open);
  return opened;
}

void Session::push_express(ChannelCore& channel, wire::FrameKind kind) {
  OutFrame* frame = pool_.take();
  frame->header.channel = channel.id;
  frame->header.route = channel.route_id;
  frame->header.kind = kind;
  frame->header.express = true;
  express_waiting_.push_back(frame);
}

void Session::push(ChannelCore& channel, OutFrame* frame) {
  if (channel.out.stopped) {
    pool_.give(frame);
    return;
  }
  frame->header.channel = channel.id;
  frame->header.route = channel.route_id;
  frame->header.offset = channel.out.accepted_offset();
  frame->header.kind = wire::FrameKind::data;
  channel.out.push(frame);
  list_waiting(channel);
}

void Session::push_end(ChannelCore& channel, EndKind kind, std::int64_t wall_ns) {
  if (channel.out.end.has_value()) return;
  OutFrame* frame = pool_.take();
  frame->header.channel = channel.id;
  frame->header.route = channel.route_id;
  frame->header.offset = channel.out.accepted_offset();
  frame->header.kind = kind == EndKind::fin ? wire::FrameKind::fin : wire::FrameKind::abort;
  frame->header.wall_ns = wall_ns;
  channel.out.push(frame);
  list_waiting(channel);
}

void Session::make_express(ChannelCore& channel) {
  if (channel.express) return;
  unlist(channel);
  channel.express = channel.group->has_express = true;
  channel.bulk_frames_out = channel.ahead_frames_out = 0;  // of no use to an express channel
  list_waiting(channel);
}

void Session::unlist(ChannelCore& channel) {
  if (!channel.listed_waiting) return;
  std::erase(channel.express ? express_channels_ : channel.group->waiting, &channel);
  channel.listed_waiting = false;
}

void Session::list_waiting(ChannelCore& channel) {
  if (channel.listed_waiting || channel.out.first_waiting() == nullptr) return;
  if (channel.express) {
    channel.listed_waiting = true;
    express_channels_.push_back(&channel);
    return;
  }
  GroupState& its_group = *channel.group;
  if (its_group.waiting.empty()) {
    // Start-time fairness: a group that becomes busy again starts at the lowest served_bytes of the
    // busy groups, so it cannot take all lanes to catch up.
    std::optional<std::uint64_t> least;
    for (const auto& [name, other] : groups_) {
      if (!other.waiting.empty())
        least = std::min(least.value_or(other.served_bytes), other.served_bytes);
    }
    its_group.served_bytes = std::max(its_group.served_bytes, least.value_or(0));
  }
  channel.listed_waiting = true;
  // An end needs no credit, so it must not wait behind frames that do.
  if (is_end(channel.out.first_waiting()->header.kind)) {
    its_group.waiting.push_front(&channel);
  } else {
    its_group.waiting.push_back(&channel);
  }
}

void Session::stop(ChannelCore& channel) {
  if (channel.in.discarding()) return;
  channel.group->consumed_charge_bytes += channel.in.discard();
  credit_due_ = true;
  if (!channel.stop_sent) {
    channel.stop_sent = true;
    push_express(channel, wire::FrameKind::stop);
  }
}

void Session::handed_over(ChannelCore& channel, std::uint64_t bytes) {
  GroupState& its_group = *channel.group;
  its_group.consumed_charge_bytes += channel.in.handed_over(bytes);
  const std::uint64_t next_grant = its_group.consumed_charge_bytes + window_bytes_;
  if (credit_short_ || next_grant >= its_group.granted_bytes + window_bytes_ / 4) {
    credit_due_ = true;
  }
}

void Session::delivered(ChannelCore& channel, std::uint64_t offset) {
  if (!channel.delivered_due) delivered_due_.push_back(&channel);
  channel.delivered_due = true;
  channel.delivered_offset = offset;
}

void Session::release(ChannelCore& channel) {
  LT_ASSERT(finished(channel) && channel.out.empty() && !channel.listed_waiting);
  forget_events_of(&channel);
  finish_as_of(channel);
  if (owns_id(channel.id)) --own_channels_;
  if (channel.delivered_offset > 0) final_marks_.add({channel.id, channel.delivered_offset});
  channels_.erase(channel.id);
}

std::vector<std::unique_ptr<ChannelCore>> Session::release_all() {
  bulk_out_.clear();
  express_out_.clear();
  for (OutFrame* frame : express_waiting_) pool_.give(frame);
  express_waiting_.clear();
  for (auto& [number, frame] : express_sent_) pool_.give(frame);
  express_sent_.clear();
  express_channels_.clear();
  events_.clear();
  delivered_due_.clear();
  std::vector<std::unique_ptr<ChannelCore>> released;
  for (auto& [id, channel] : channels_) {
    channel->out.clear();
    channel->listed_waiting = false;
    channel->bulk_frames_out = channel->ahead_frames_out = 0;
    released.push_back(std::move(channel));
  }
  channels_.clear();
  own_channels_ = 0;
  for (auto& [name, its_group] : groups_) its_group.waiting.clear();
  return released;
}

// --- sending

Session::NextFrame Session::poll_express_frame() {
  if (!connected()) return {};
  if (OutFrame* lost = express_out_.first_lost()) {
    express_out_.send_again(lost, express_lane_);
    return {lost, true};
  }
  if (!express_waiting_.empty()) {
    OutFrame* frame = express_waiting_.front();
    express_waiting_.pop_front();
    express_out_.send_first(frame, express_lane_);
    frame->numbered = true;
    express_sent_.emplace(frame->header.number, frame);
    return {frame, false};
  }
  const auto ready = std::ranges::find_if(express_channels_, [](const ChannelCore* channel) {
    return channel->group->has_credit(
        credit_charge(channel->out.first_waiting()->header.raw_bytes));
  });
  if (ready == express_channels_.end()) return {};
  ChannelCore* channel = *ready;
  express_channels_.erase(ready);
  channel->out.first_waiting()->header.express = true;
  return {number_next(*channel, express_out_, express_lane_), false};
}

OutFrame* Session::number_next(ChannelCore& channel, SendSpace& space, LaneId lane) {
  channel.listed_waiting = false;
  OutFrame* frame = channel.out.first_waiting();
  space.send_first(frame, lane);
  channel.out.mark_numbered(frame);
  channel.group->credit_used_bytes += credit_charge(frame->header.raw_bytes);
  list_waiting(channel);
  return frame;
}

bool Session::quiet_beside_bulk(const ChannelCore& channel) const {
  return connected() && bulk_out_.frames_in_flight() > 0 && channel.out.empty();
}

bool Session::may_go_ahead(const ChannelCore& channel) {
  return channel.bulk_frames_out == 0 &&
         channel.out.first_waiting()->header.raw_bytes <= kAheadBytesMax;
}

GroupState* Session::next_in_turn() {
  GroupState* next = nullptr;
  for (auto& [name, its_group] : groups_) {
    if (its_group.waiting.empty()) continue;
    if (next == nullptr || its_group.served_bytes < next->served_bytes) next = &its_group;
  }
  return next;
}

// Only groups that were served no more than the next in turn (by a frame) go ahead, and what they
// send counts as served: a group that sends more than its part takes turns on the bulk lanes.
Session::NextFrame Session::poll_ahead_frame() {
  if (!connected() || bulk_out_.frames_in_flight() == 0) return {};
  const GroupState* first = next_in_turn();
  if (first == nullptr) return {};
  for (auto& [name, its_group] : groups_) {
    if (its_group.served_bytes > first->served_bytes + wire::kRawBytesMax) continue;
    const auto ready = std::ranges::find_if(its_group.waiting, [&](const ChannelCore* channel) {
      return may_go_ahead(*channel) && its_group.has_bulk_credit(credit_charge(
                                           channel->out.first_waiting()->header.raw_bytes));
    });
    if (ready == its_group.waiting.end()) continue;
    ChannelCore* channel = *ready;
    its_group.waiting.erase(ready);
    OutFrame* frame = channel->out.first_waiting();
    its_group.served_bytes += frame->header.payload_bytes + wire::kFrameHeaderBytes;
    frame->header.express = frame->header.ahead = true;
    ++channel->ahead_frames_out;
    return {number_next(*channel, express_out_, express_lane_), false};
  }
  return {};
}

bool Session::bulk_frames_wait() const {
  if (!connected()) return false;
  if (const_cast<SendSpace&>(bulk_out_).first_lost() != nullptr) return true;
  if (!bulk_out_.has_room()) return false;
  return std::ranges::any_of(groups_, [](const auto& entry) {
    const GroupState& its_group = entry.second;
    return !its_group.waiting.empty() &&
           its_group.has_bulk_credit(
               credit_charge(its_group.waiting.front()->out.first_waiting()->header.raw_bytes));
  });
}

bool Session::blocked_by_credit() const {
  return !bulk_frames_wait() && std::ranges::any_of(groups_, [](const auto& entry) {
    return !entry.second.waiting.empty();
  });
}

Session::NextFrame Session::poll_bulk_frame(LaneId lane) {
  if (!connected()) return {};
  if (OutFrame* lost = bulk_out_.first_lost()) {
    bulk_out_.send_again(lost, lane);
    return {lost, true};
  }
  if (!bulk_out_.has_room()) return {};
  GroupState* chosen = nullptr;
  for (auto& [name, its_group] : groups_) {
    if (its_group.waiting.empty()) continue;
    const auto charge =
        credit_charge(its_group.waiting.front()->out.first_waiting()->header.raw_bytes);
    if (!its_group.has_bulk_credit(charge)) continue;
    if (chosen == nullptr || its_group.served_bytes < chosen->served_bytes) chosen = &its_group;
  }
  if (chosen == nullptr) return {};
  ChannelCore* channel = chosen->waiting.front();
  chosen->waiting.pop_front();
  chosen->served_bytes +=
      channel->out.first_waiting()->header.payload_bytes + wire::kFrameHeaderBytes;
  ++channel->bulk_frames_out;
  return {number_next(*channel, bulk_out_, lane), false};
}

// --- receiving

Result<ChannelCore*> Session::channel_of(const wire::FrameHeader& header) {
  const auto found = channels_.find(header.channel);
  if (found != channels_.end()) return found->second.get();
  const std::uint64_t index = header.channel / 2;
  if (owns_id(header.channel)) {
    if (index >= next_own_index_) return fail("a frame of a channel that was never opened");
    return nullptr;
  }
  if (peer_indexes_.contains(index)) return nullptr;
  const auto peer_route = peer_routes_.find(header.route);
  if (peer_route == peer_routes_.end()) return fail("a frame of a route that was never named");
  const std::size_t peer_channels = channels_.size() - own_channels_;
  if (peer_channels >= kPeerChannelsMax) return fail("more channels than this node allows");
  if (peer_indexes_.add(index) == NumberSet::Outcome::too_many_gaps) {
    return fail("channel numbers with too many gaps");
  }
  const RouteIds* ids = local_route_of_peer_id(header.route);
  auto channel = std::make_unique<ChannelCore>(pool_, header.channel, ids != nullptr ? ids->id : 0,
                                               group_of(peer_route->second.entry));
  ChannelCore* opened = channel.get();
  opened->too_many = peer_channels >= kPeerChannelsServed;
  channels_.emplace(header.channel, std::move(channel));
  emit(SessionEvent::Kind::opened, opened);
  return opened;
}

Result<void> Session::charge_received(GroupState& its_group, std::uint64_t charge) {
  if (its_group.received_charge_bytes + charge > its_group.granted_bytes) {
    return fail("more bytes than credit was given for");
  }
  its_group.received_charge_bytes += charge;
  return {};
}

void Session::note_received(TimePoint now, const wire::FrameHeader& header) {
  unacked_bytes_ += header.payload_bytes + wire::kFrameHeaderBytes;
  if (unacked_bytes_ >= kAckBytes) ack_due_ = true;
  ack_due_at_ = std::min(ack_due_at_, now + kAckDelay);
}

Result<FrameFate> Session::on_frame(TimePoint now, const wire::FrameHeader& header) {
  const bool control_kind =
      header.kind == wire::FrameKind::open || header.kind == wire::FrameKind::stop;
  if (control_kind && !header.express) return fail("a frame in the wrong number space");
  NumberSet& numbers = header.express ? express_in_ : bulk_in_;
  if (header.number >= numbers.next() + kNumbersAheadMax ||
      (header.express && header.number > numbers.next())) {
    return fail("a frame number out of range");
  }
  note_received(now, header);
  if (numbers.contains(header.number) && !planted(Plant::accept_duplicates)) return FrameFate::done;

  auto found = channel_of(header);
  if (!found) return std::unexpected(std::move(found.error()));
  ChannelCore* channel = *found;
  if (header.kind == wire::FrameKind::data && channel != nullptr && !channel->in.discarding()) {
    return FrameFate::take;
  }
  if (numbers.add(header.number) == NumberSet::Outcome::too_many_gaps) {
    return fail("frame numbers with too many gaps");
  }
  if (channel == nullptr) return FrameFate::done;

  switch (header.kind) {
    case wire::FrameKind::open:
      break;
    case wire::FrameKind::stop:
      if (!channel->out.stopped) {
        unlist(*channel);
        channel->out.drop_backlog();
        emit(SessionEvent::Kind::stopped, channel);
        emit(SessionEvent::Kind::acked);
      }
      break;
    case wire::FrameKind::fin:
    case wire::FrameKind::abort: {
      const bool clean = header.kind == wire::FrameKind::fin || planted(Plant::abort_as_fin);
      const auto kind = clean ? EndKind::fin : EndKind::abort;
      if (auto set = channel->in.set_end(header.offset, kind); !set) {
        return std::unexpected(std::move(set.error()));
      }
      emit(SessionEvent::Kind::readable, channel);
      break;
    }
    case wire::FrameKind::data:
    case wire::FrameKind::blank: {
      if (auto ok = charge_received(*channel->group, credit_charge(header.raw_bytes)); !ok) {
        return std::unexpected(std::move(ok.error()));
      }
      if (auto ok = channel->in.insert_blank(header.offset, header.raw_bytes); !ok) {
        return std::unexpected(std::move(ok.error()));
      }
      const std::uint64_t charge = channel->in.discard();
      if (!planted(Plant::keep_credit)) channel->group->consumed_charge_bytes += charge;
      credit_due_ = true;
      emit(SessionEvent::Kind::readable, channel);
      break;
    }
  }
  return FrameFate::done;
}

Result<void> Session::on_data(TimePoint now, const wire::FrameHeader& header, Stored raw) {
  (void)now;
  ChannelCore& channel = *channels_.at(header.channel);
  GroupState& its_group = *channel.group;
  if (auto ok = charge_received(its_group, credit_charge(header.raw_bytes)); !ok) return ok;
  if (auto ok = channel.in.insert(header.offset, header.raw_bytes, std::move(raw)); !ok) return ok;
  NumberSet& numbers = header.express ? express_in_ : bulk_in_;
  if (numbers.add(header.number) == NumberSet::Outcome::too_many_gaps) {
    return fail("frame numbers with too many gaps");
  }
  corrupt_counts_.erase({header.express, header.number});
  note_as_of(channel, header);
  apply_idle_heartbeat();
  emit(SessionEvent::Kind::readable, &channel);
  return {};
}

bool Session::on_corrupt(TimePoint now, const wire::FrameHeader& header) {
  (void)now;
  const auto found = channels_.find(header.channel);
  if (found == channels_.end()) return false;
  // Few frames can be in this map, since each failure ends a lane. If a peer causes many, their
  // counts are dropped.
  if (corrupt_counts_.size() > 1024) corrupt_counts_.clear();
  const FramePlace place{header.express, header.number};
  if (++corrupt_counts_[place] < kCorruptMax) return false;
  corrupt_counts_.erase(place);
  ChannelCore& channel = *found->second;
  stop(channel);
  emit(SessionEvent::Kind::corrupt, &channel);
  // on_frame takes the bytes as discarded and the number as received, so that replay ends.
  return on_frame(now, header).has_value();
}

}  // namespace longthrow
