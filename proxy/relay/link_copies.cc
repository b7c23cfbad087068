// SPDX-License-Identifier: Apache-2.0
// Our copies of the peer's data: as of when they are, how old, and what proves it.
#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {
namespace {

WallTime wall_time(std::int64_t wall_ns) { return WallTime(Duration(wall_ns)); }

// The meta stream of a DRBD connection carries no data.
bool is_stream(const Channel& channel) {
  return channel.watch() == nullptr || channel.drbd_kind() == drbd::StreamKind::data;
}

}  // namespace

std::map<std::string, std::size_t> Link::count_streams() const {
  std::map<std::string, std::size_t> streams;
  for (const auto& [serial, channel] : channels_) {
    if (channel->attached() && !channel->closed() && is_stream(*channel))
      ++streams[channel->group()];
  }
  return streams;
}

// A route whose connection was lost holds back the others of its group: until newer data of it is
// delivered the copy is of the time before, and its age counts on.
bool Link::stands_still(const std::string& group) const {
  return peer_is_ahead(group) || std::ranges::any_of(ports_, [&](const auto& entry) {
           return entry.second.config.group == group && entry.second.health.lost();
         });
}

// How new each copy is by now. What is noted counts on after the session, too.
void Link::note_copies() {
  session_->settle_as_of();
  const auto streams = count_streams();
  for (const auto& [group, state] : session_->groups()) {
    if (!has_group(group)) continue;  // it was removed from the configuration
    GroupFate& fate = fates_[group];
    if (const auto found = streams.find(group); found != streams.end()) {
      fate.streams = found->second;
    }
    if (state.as_of_wall_ns == 0 || !session_->peer_wall_ns() || stands_still(group)) continue;
    fate.copy.note(loop_.now(), state.as_of_wall_ns,
                   {.wall_ns = *session_->peer_wall_ns(),
                    .at = session_->peer_wall_at(),
                    .trip_max = session_->rtt().value_or(Duration(0)),
                    .civil_offset_ns = session_->peer_civil_offset_ns()});
  }
}

// Tells the peer up to when all bytes of each group have numbers: often of groups of several
// streams, where nothing else does; of the others with each heartbeat, so that idle ones do not
// grow old.
void Link::say_marks(TimePoint now) {
  if (session_ == nullptr) return;
  struct Marked {
    std::size_t streams = 0;
    bool open = false;
    std::int64_t wall_ns = 0;
  };
  std::map<std::uint32_t, Marked> groups;
  for (const auto& [serial, channel] : channels_) {
    if (!channel->attached() || channel->core().out.stopped) continue;
    channel->history.note(wall_ns(), channel->read_bytes() + channel->looked().unread_bytes);
    if (!is_stream(*channel)) continue;
    const OutStream& out = channel->core().out;
    channel->history.forget_below(std::min(out.delivered_offset, out.numbered_offset()));
    const std::int64_t complete_ns = channel->history.complete_at(out.numbered_offset());
    if (out.end && out.first_waiting() == nullptr) continue;
    Marked& group = groups[channel->core().group->id];
    group.wall_ns = group.streams++ == 0 ? complete_ns : std::min(group.wall_ns, complete_ns);
    group.open = group.open || !out.end;
  }
  for (auto& [name, state] : session_->groups()) {
    const auto found = groups.find(state.id);
    const bool several = found != groups.end() && found->second.streams > 1;
    state.frames_as_of_max_ns = several ? found->second.wall_ns : GroupState::kUnlimitedNs;
  }
  const bool all = now >= next_full_marks_;
  std::vector<wire::GroupMark> marks;
  for (const auto& [id, group] : groups) {
    const bool wanted = group.open && (all || group.streams > 1);
    if (wanted && marks.size() < wire::kRoutesMax) marks.push_back({id, group.wall_ns});
  }
  const Lane* express = uplink_.lanes().express();
  if (express == nullptr || !session_->connected() || !express->has_room()) return;
  if (all) next_full_marks_ = now + config_.heartbeat;
  if (all || !marks.empty()) {
    session_->say_marks(wall_ns(), loop_.wall_now().time_since_epoch().count(), std::move(marks));
  }
}

// Without cuts only one stream is a copy of one moment: several are each in order, but nothing says
// that what one of them holds belongs to what another holds.
Link::Proof Link::proof_of(const std::string& group, const GroupFate& fate) const {
  const auto routes = static_cast<std::size_t>(std::ranges::count_if(
      ports_, [&](const auto& entry) { return entry.second.config.group == group; }));
  const std::size_t streams = std::max(routes, fate.streams);
  if (streams <= 1) return {.name = "source", .reason = "one stream, in order"};
  return {.name = "none", .reason = format("{} streams, and no cuts between them", streams)};
}

void Link::fill_inbound(const std::string& name, const GroupFate& fate, GroupStatus& group) const {
  if (fate.copy.as_of_ns() == 0) return;
  Proof proof = proof_of(name, fate);
  group.inbound.proof = std::move(proof.name);
  group.inbound.proof_reason = std::move(proof.reason);
  group.inbound.as_of = wall_time(fate.copy.as_of_ns());
  group.inbound.age_s = std::chrono::duration<double>(*fate.copy.age(loop_.now())).count();
}

// What was lost before the node was restarted is not known: nobody may take the copy for proven.
void Link::restore_copies(const SavedCopies& copies) {
  for (auto& [group, fate] : fates_) {
    const auto saved = copies.find(group);
    if (saved == copies.end() || fate.copy.as_of_ns() != 0) continue;
    fate.restored = true;
    fate.streams = saved->second.streams;
    fate.copy.restore(loop_.now(), loop_.wall_now(), saved->second.as_of_ns);
  }
}

void Link::add_copies(SavedCopies& copies) const {
  for (const auto& [group, fate] : fates_) {
    if (fate.copy.as_of_ns() != 0)
      copies[group] = {.as_of_ns = fate.copy.as_of_ns(), .streams = fate.streams};
  }
}

}  // namespace longthrow
