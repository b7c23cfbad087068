// SPDX-License-Identifier: Apache-2.0
// Chooses the frame that goes out next.
#include <algorithm>

#include "proxy/base/planted.h"
#include "proxy/session/session.h"

namespace longthrow {

Session::NextFrame Session::poll_express_frame() {
  if (!connected()) return {};
  if (OutFrame* lost = express_out_.first_lost()) {
    express_out_.send_again(lost, express_lane_);
    return {lost, true};
  }
  if (!express_.waiting.empty()) {
    OutFrame* frame = express_.waiting.front();
    express_.waiting.pop_front();
    express_out_.send_first(frame, express_lane_);
    frame->numbered = true;
    express_.sent.emplace(frame->header.number, frame);
    return {frame, false};
  }
  const auto ready = std::ranges::find_if(express_.channels, [](const ChannelCore* channel) {
    return channel->group->has_credit(
        credit_charge(channel->out.first_waiting()->header.raw_bytes));
  });
  if (ready == express_.channels.end()) return {};
  ChannelCore* channel = *ready;
  express_.channels.erase(ready);
  channel->out.first_waiting()->header.express = true;
  return {number_next(*channel, express_out_, express_lane_), false};
}

OutFrame* Session::number_next(ChannelCore& channel, SendSpace& space, LaneId lane) {
  channel.listed_waiting = false;
  OutFrame* frame = channel.out.first_waiting();
  charge_epoch(channel, *frame);
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

// Only groups that were served no more than the next in turn (by a frame) may send ahead, and what
// they send counts as served. So a group that sends more than its part takes turns on the bulk
// lanes.
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
    if (planted(Plant::resent_is_new))
      groups_.begin()->second.credit_used_bytes += lost->header.raw_bytes;
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

}  // namespace longthrow
