// SPDX-License-Identifier: Apache-2.0
// Takes frames of the peer.
#include <algorithm>

#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/session/session.h"

namespace longthrow {
namespace {

constexpr std::uint64_t kNumbersAheadMax = 1U << 20;
static_assert(SendSpace::kFramesMax <= kNumbersAheadMax, "no honest peer has more under way");

std::unexpected<Error> beyond_credit() { return breach("more bytes than credit was given for"); }

}  // namespace

Result<ChannelCore*> Session::channel_of(const wire::FrameHeader& header) {
  const auto found = channels_.find(header.channel);
  if (found != channels_.end()) return found->second.get();
  const std::uint64_t index = header.channel / 2;
  if (owns_id(header.channel)) {
    if (index >= next_own_index_) return breach("a frame of a channel that was never opened");
    return nullptr;
  }
  if (peer_indexes_.contains(index)) {
    note_reached(Mark::frame_of_gone_channel);
    return nullptr;
  }
  const wire::RouteEntry* peer_route = peer_routes_.find(header.route);
  if (peer_route == nullptr) return breach("a frame of a route that was never named");
  const std::size_t peer_channels = channels_.size() - own_channels_;
  if (peer_channels >= kPeerChannelsMax) return breach("more channels than this node allows");
  if (peer_indexes_.add(index) == NumberSet::Outcome::too_many_gaps) {
    return breach("channel numbers with too many gaps");
  }
  const LocalRoutes::Numbered* ids = local_routes_.find_on_wire(peer_route->name);
  auto channel = std::make_unique<ChannelCore>(pool_, header.channel, ids != nullptr ? ids->id : 0,
                                               group_of(*peer_route));
  ChannelCore* opened = channel.get();
  opened->too_many = peer_channels >= kPeerChannelsServed;
  channels_.emplace(header.channel, std::move(channel));
  emit(SessionEvent::Kind::opened, opened);
  return opened;
}

Result<void> Session::charge_received(GroupState& its_group, std::uint64_t charge) {
  if (!its_group.has_granted(charge)) return beyond_credit();
  its_group.received_charge_bytes += charge;
  return {};
}

void Session::note_received(TimePoint now, const wire::FrameHeader& header) {
  due_.unacked_bytes += header.payload_bytes + wire::kFrameHeaderBytes;
  if (due_.unacked_bytes >= kAckBytes) due_.ack = true;
  due_.ack_at = std::min(due_.ack_at, now + kAckDelay);
}

Result<FrameFate> Session::on_frame(TimePoint now, const wire::FrameHeader& header) {
  const bool control_kind =
      header.kind == wire::FrameKind::open || header.kind == wire::FrameKind::stop;
  if (control_kind && !header.express) return breach("a frame in the wrong number space");
  NumberSet& numbers = header.express ? express_in_ : bulk_in_;
  if (header.number >= numbers.next() + kNumbersAheadMax ||
      (header.express && header.number > numbers.next())) {
    return breach("a frame number out of range");
  }
  note_received(now, header);
  if (numbers.contains(header.number) && !planted(Plant::accept_duplicates)) {
    note_reached(Mark::frame_came_twice);
    return FrameFate::done;
  }

  auto found = channel_of(header);
  if (!found) return std::unexpected(std::move(found.error()));
  ChannelCore* channel = *found;
  if (header.kind == wire::FrameKind::data && channel != nullptr && !channel->in.discarding()) {
    if (!channel->group->has_granted(credit_charge(header.raw_bytes))) return beyond_credit();
    return FrameFate::take;
  }
  if (numbers.add(header.number) == NumberSet::Outcome::too_many_gaps) {
    return breach("frame numbers with too many gaps");
  }
  if (channel == nullptr) return FrameFate::done;

  switch (header.kind) {
    case wire::FrameKind::open:
      break;
    case wire::FrameKind::stop:
      if (!channel->out.stopped) {
        unlist(*channel);
        channel->out.drop_backlog();
        channel->group->out_epochs.forget(channel->id);
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
      if (planted(Plant::credit_given_twice)) channel->group->consumed_charge_bytes += charge;
      if (!planted(Plant::keep_credit)) channel->group->consumed_charge_bytes += charge;
      due_.credit = true;
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
  const HandOver hand_over = header.held ? HandOver::by_cut : HandOver::at_once;
  if (auto ok = channel.in.insert(header.offset, header.raw_bytes, std::move(raw), hand_over); !ok)
    return ok;
  NumberSet& numbers = header.express ? express_in_ : bulk_in_;
  if (numbers.add(header.number) == NumberSet::Outcome::too_many_gaps) {
    return breach("frame numbers with too many gaps");
  }
  corrupt_counts_.erase({header.express, header.number});
  note_as_of(channel, header);
  if (!header.held && !channel.in_runs_ahead) its_group.in_epochs.note_free_bytes();
  apply_idle_heartbeat();
  advance_epochs(its_group);
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
  if (++corrupt_counts_[place] < kCorruptMax || planted(Plant::corrupt_for_ever)) return false;
  note_reached(Mark::corrupt_third_time);
  corrupt_counts_.erase(place);
  ChannelCore& channel = *found->second;
  stop(channel);
  emit(SessionEvent::Kind::corrupt, &channel);
  // on_frame takes the bytes as discarded and the number as received, so that replay ends.
  return on_frame(now, header).has_value();
}

}  // namespace longthrow
