// SPDX-License-Identifier: Apache-2.0
// Lanes and channels.
#include "proxy/session/session.h"

#include <algorithm>

#include "proxy/base/planted.h"

namespace longthrow {
namespace {

bool is_end(wire::FrameKind kind) {
  return kind == wire::FrameKind::fin || kind == wire::FrameKind::abort;
}

}  // namespace

Session::Session(FramePool& pool, ChannelNumbers own_numbers)
    : pool_(pool), lowest_own_id_(own_numbers == ChannelNumbers::even ? 0 : 1) {}

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
  std::erase(due_.delivered, channel);
}

// --- lanes

void Session::on_express_up(LaneId lane) {
  LT_ASSERT(express_lane_ == kNoLane && lane != kNoLane);
  express_lane_ = lane;
  awaiting_ack_ = true;
  due_.routes = due_.ack = due_.heartbeat = true;
  due_.credit = due_.epochs = due_.checkpoints = true;
  due_.echoes.clear();
  // Recalls and their answers end with the lane; the grant that is sent again holds.
  due_.returns.clear();
  for (auto& [name, its_group] : groups_) {
    its_group.recalled = false;
    its_group.out_epochs.on_lanes_lost();
  }
  // Delivered offsets are absolute: all are sent again, since the peer may have missed any.
  final_marks_.all_due();
  for (auto& [id, channel] : channels_) {
    if (channel->delivered_offset > 0 && !planted(Plant::delivered_not_repeated))
      delivered(*channel, channel->delivered_offset);
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
  const LocalRoutes::Numbered& ids = *local_routes_.find(route);
  const std::uint64_t id = next_own_index_++ * 2 + lowest_own_id_;
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
  express_.waiting.push_back(frame);
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
  if (channel.out.end.has_value() && !planted(Plant::end_twice)) return;
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
  channel.group->out_epochs.forget(channel.id);
  channel.express = channel.group->has_express = true;
  channel.bulk_frames_out = channel.ahead_frames_out = 0;  // an express channel does not use them
  list_waiting(channel);
}

void Session::unlist(ChannelCore& channel) {
  if (!channel.listed_waiting) return;
  std::erase(channel.express ? express_.channels : channel.group->waiting, &channel);
  channel.listed_waiting = false;
}

void Session::list_waiting(ChannelCore& channel) {
  if (channel.listed_waiting || channel.out.first_waiting() == nullptr) return;
  if (channel.express) {
    channel.listed_waiting = true;
    express_.channels.push_back(&channel);
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
  advance_epochs(*channel.group);
  due_.credit = true;
  if (!channel.stop_sent) {
    channel.stop_sent = true;
    push_express(channel, wire::FrameKind::stop);
  }
}

void Session::handed_over(ChannelCore& channel, std::uint64_t bytes) {
  GroupState& its_group = *channel.group;
  its_group.consumed_charge_bytes += channel.in.handed_over(bytes);
  const std::uint64_t next_grant = its_group.consumed_charge_bytes + receive_.window_bytes;
  if (receive_.short_of_share ||
      next_grant >= its_group.granted_bytes + receive_.window_bytes / 4) {
    due_.credit = true;
  }
}

void Session::delivered(ChannelCore& channel, std::uint64_t offset) {
  if (!channel.delivered_due) due_.delivered.push_back(&channel);
  channel.delivered_due = true;
  channel.delivered_offset = offset;
  channel.group->in_epochs.note_delivered(channel.id, offset);
}

void Session::release(ChannelCore& channel) {
  LT_ASSERT(finished(channel) && channel.out.empty() && !channel.listed_waiting);
  forget_events_of(&channel);
  finish_as_of(channel);
  if (owns_id(channel.id)) --own_channels_;
  if (channel.delivered_offset > 0 && !planted(Plant::final_mark_forgotten))
    final_marks_.add({channel.id, channel.delivered_offset});
  GroupState& its_group = *channel.group;
  its_group.out_epochs.forget(channel.id);
  channels_.erase(channel.id);
  advance_epochs(its_group);
}

std::vector<std::unique_ptr<ChannelCore>> Session::release_all() {
  bulk_out_.clear();
  express_out_.clear();
  for (OutFrame* frame : express_.waiting) pool_.give(frame);
  express_.waiting.clear();
  for (auto& [number, frame] : express_.sent) pool_.give(frame);
  express_.sent.clear();
  express_.channels.clear();
  events_.clear();
  due_.delivered.clear();
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

}  // namespace longthrow
