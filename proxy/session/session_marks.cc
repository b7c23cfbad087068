// SPDX-License-Identifier: Apache-2.0
// Reckons how new the copy of the peer's data is. A group of one stream is as new as the stream's
// newest byte in order. A group of several streams is as new as its oldest stream, which only the
// sender knows: its marks say up to which time all bytes of the group had frame numbers.
#include <algorithm>
#include <limits>

#include "proxy/base/planted.h"
#include "proxy/session/session.h"

namespace longthrow {

void Session::say_marks(std::int64_t wall_ns, std::int64_t civil_ns,
                        std::vector<wire::GroupMark> groups) {
  due_.marks = wire::Marks{.bulk_next = bulk_out_.next_number(),
                           .express_next = express_out_.next_number(),
                           .wall_ns = wall_ns,
                           .civil_ns = civil_ns,
                           .groups = std::move(groups)};
}

void Session::on_marks(wire::Marks marks) {
  // The peer chose both times, so their difference may overflow.
  peer_clock_.civil_offset_ns = static_cast<std::int64_t>(
      static_cast<std::uint64_t>(marks.civil_ns) - static_cast<std::uint64_t>(marks.wall_ns));
  marks_.add(std::move(marks));
}

std::string Session::group_of_peer_id(std::uint32_t id) {
  for (const auto& [route_id, route] : peer_routes_.all()) {
    if (route.entry.group_id == id) return group_of(route.entry).name;
  }
  return {};
}

// An express channel runs ahead of its group, so its frames do not tell how new the copy is.
void Session::note_as_of(ChannelCore& channel, const wire::FrameHeader& header) {
  if (header.express && !header.ahead) {
    channel.in_runs_ahead = true;
  } else if (channel.in.contiguous_offset() >= header.offset + header.raw_bytes) {
    channel.as_of_wall_ns = std::max(channel.as_of_wall_ns, header.wall_ns);
  }
}

// A channel that ends leaves the time of its newest byte to its group.
void Session::finish_as_of(const ChannelCore& channel) {
  GroupState& its_group = *channel.group;
  its_group.finished_wall_ns = std::max(its_group.finished_wall_ns, channel.as_of_wall_ns);
}

void Session::settle_as_of() {
  const std::uint64_t received =
      planted(Plant::as_of_early) ? std::numeric_limits<std::uint64_t>::max() : bulk_in_.next();
  marks_.take_due(received, express_in_.next(), [&](const wire::GroupMark& mark) {
    for (const auto& [id, route] : peer_routes_.all()) {
      if (route.entry.group_id != mark.group_id) continue;
      GroupState& its_group = group_of(route.entry);
      // Bytes that wait for a cut cannot be used; the cut will say how new the copy is.
      if (holds_back(its_group) && !planted(Plant::held_bytes_count)) continue;
      its_group.marked_wall_ns = std::max(its_group.marked_wall_ns, mark.wall_ns);
    }
  });
  struct Open {
    bool holds_back = false;  // bytes that are here wait for a cut
    std::size_t streams = 0;
    std::int64_t oldest_wall_ns = std::numeric_limits<std::int64_t>::max();
  };
  std::map<GroupState*, Open> open;
  for (const auto& [id, channel] : channels_) {
    if (channel->in.held_back_bytes() > 0) open[channel->group].holds_back = true;
    if (channel->in_runs_ahead || channel->express) continue;
    if (channel->in.complete() || channel->in.discarding()) {
      finish_as_of(*channel);
      continue;
    }
    Open& its_group = open[channel->group];
    ++its_group.streams;
    its_group.oldest_wall_ns = std::min(its_group.oldest_wall_ns, channel->as_of_wall_ns);
  }
  for (auto& [name, its_group] : groups_) {
    const auto found = open.find(&its_group);
    std::int64_t as_of = std::max(its_group.marked_wall_ns, its_group.in_epochs.whole().wall_ns);
    if (found != open.end() && found->second.holds_back) {
      // What waits for a cut does not count.
    } else if (found == open.end()) {
      as_of = std::max(as_of, its_group.finished_wall_ns);
    } else if (found->second.streams == 1 || !marks_.known()) {
      as_of = std::max(as_of, found->second.oldest_wall_ns);
    }
    its_group.as_of_wall_ns = std::max(its_group.as_of_wall_ns, as_of);
  }
}

}  // namespace longthrow
