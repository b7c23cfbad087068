// SPDX-License-Identifier: Apache-2.0
// Takeover: what ends, what is still handed over, and what was lost with it.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {

void Link::fence() {
  for (auto& [group, fate] : fates_) fate.taken_lost_bytes = 0;
  fenced_ = true;
  put_notice(NoticeKind::fenced, "", format("takeover {}", name_));
  uplink_.cancel_dials();
  uplink_.drop_lanes(wire::Bye{wire::ByeReason::fenced, format("the peer was taken over: {}",
                                                               notice_text(NoticeKind::fenced))});
  end_session({LossReason::takeover, "takeover"});
  uplink_.set_down_reason(
      format("{}; `longthrow release {}` ends it", notice_text(NoticeKind::fenced), name_));
  uplink_.tell_peer_after(Duration(0));
}

void Link::unfence() {
  fenced_ = false;
  take_notice(NoticeKind::fenced, "");
  uplink_.set_down_reason("not yet connected again");
  uplink_.dial_now();
  refresh_routes();
}

void Link::fence_group(const std::string& group) {
  fates_[group].taken_lost_bytes = 0;
  fenced_groups_.insert(group);
  put_notice(NoticeKind::fenced, group, format("takeover {}", group));
  for (Channel* channel : open_channels_of(group)) channel->end_after_delivery();
  refresh_routes();
}

void Link::unfence_group(const std::string& group) {
  fenced_groups_.erase(group);
  take_notice(NoticeKind::fenced, group);
  refresh_routes();
}

std::vector<Channel*> Link::open_channels_of(const std::string& group) const {
  std::vector<Channel*> members;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->closed() && channel->group() == group) members.push_back(channel.get());
  }
  return members;
}

// Of streams that have given more than they got: the other direction is answers. Of DRBD only what
// changes a disk counts: the target of a resync says more than it gets while it asks for blocks.
std::uint64_t Link::source_bytes(const std::string& group) const {
  std::uint64_t given = 0;
  std::uint64_t got = 0;
  std::uint64_t undelivered = 0;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached() || channel->over || channel->group() != group) continue;
    if (channel->drbd_kind() == drbd::StreamKind::meta) continue;
    const std::uint64_t accepted = channel->read_bytes() + channel->unread_bytes();
    const bool counted =
        channel->drbd_kind() == drbd::StreamKind::data && channel->watch()->readable();
    given += counted ? channel->watch()->outgoing().payload_bytes() : accepted;
    got += counted ? channel->watch()->incoming().payload_bytes()
                   : channel->core().in.contiguous_offset();
    undelivered += accepted - std::min(accepted, channel->core().out.delivered_offset);
  }
  return given > got ? undelivered : 0;
}

Link::HandOver Link::hand_over(const std::string& group) const {
  HandOver left;
  for (const Channel* channel : open_channels_of(group)) {
    ++left.legs;
    left.bytes += channel->undelivered_bytes();
  }
  if (const auto fate = fates_.find(group); fate != fates_.end())
    left.lost_bytes = fate->second.taken_lost_bytes;
  return left;
}

void Link::end_hand_over(const std::string& group) {
  for (Channel* channel : open_channels_of(group))
    channel->abort({LossReason::takeover, "its target did not take what was handed over"});
}

}  // namespace longthrow
