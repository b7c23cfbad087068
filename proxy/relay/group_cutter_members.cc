// SPDX-License-Identifier: Apache-2.0
// Which channels of a group are cut.
#include <algorithm>

#include "proxy/legs/channel.h"
#include "proxy/relay/group_cutter.h"

namespace longthrow {

std::uint64_t GroupCutter::given_bytes(const Channel& channel) {
  return channel.read_bytes() + channel.unread_bytes();
}

// A protocol that tells which bytes change the copy joins with the first of them: a handshake does
// not wait behind older data.
bool GroupCutter::may_join(const Channel& channel) {
  if (!channel.attached() || channel.core().express || channel.core().out.stopped) return false;
  if (channel.guide().carries() != StreamGuide::Carries::copy) return false;
  const auto changes = channel.guide().changes();
  return !changes || changes->given_bytes > 0;
}

// Whether the channel has ended, and the peer has all of it, or gets it with cuts that were
// announced.
bool GroupCutter::is_done(const GroupState& its_state, const Channel& channel) {
  const OutStream& out = channel.core().out;
  if (!channel.has_ended() || !out.end || out.first_waiting() != nullptr) return false;
  const OutEpochs& epochs = its_state.out_epochs;
  const std::uint64_t id = channel.core().id;
  return epochs.holds(id) ? epochs.announced_offset(id) >= out.accepted_offset() : out.end_acked;
}

void GroupCutter::look_at_members() {
  Group* its_group = group();
  GroupState* its_state = state();
  if (its_group == nullptr || its_state == nullptr || !its_state->out_epochs.enabled()) return;
  Session& session = *parts_.peer.session();
  std::map<std::uint64_t, Channel*> may;
  for (const auto& [serial, channel] : its_group->members) {
    if (may_join(*channel) && !is_done(*its_state, *channel))
      may.emplace(channel->core().id, channel);
  }
  const bool several = its_group->routes > 1 && may.size() > 1;
  const bool is_cut =
      (several || (checkpoint_ && !may.empty())) && may.size() <= OutEpochs::kMembersMax;
  if (!is_cut) {
    if (told_.empty()) return;
    // The other streams are over, so every moment of the last one is a moment of the group.
    session.leave_epochs(*its_state, may.size() <= 1 ? Proof::source : Proof::none);
    parts_.wake();
    return forget_members();
  }
  std::erase_if(told_, [&](const auto& entry) {
    if (may.contains(entry.first)) return false;
    taker_.remove(entry.first);
    return true;
  });
  for (const auto& [id, channel] : may) {
    if (told_.try_emplace(id, false).second) {
      session.join_epochs(channel->core());
      taker_.add(id, channel->core().out.numbered_offset());
      if (given_bytes(*channel) > channel->core().out.numbered_offset())
        taker_.on_bytes(parts_.loop.now());
    }
    if (channel->has_ended() && !std::exchange(told_[id], true))
      taker_.end(id, channel->read_bytes());
  }
}

void GroupCutter::forget_members() {
  told_.clear();
  taker_ = CutTaker(rhythm_);
  stale_ = collect_.operation.in_flight();
  uncut_since_.reset();
  parts_.loop.disarm(timer_);
}

void GroupCutter::on_read(const Channel& channel) {
  if (state() == nullptr) return;
  if (!told_.contains(channel.core().id)) look_at_members();
  if (!told_.contains(channel.core().id)) return;
  taker_.on_bytes(parts_.loop.now());
  if (!timer_.armed()) advance();
}

std::vector<const Channel*> GroupCutter::members() {
  std::vector<const Channel*> members;
  const Group* its_group = group();
  if (its_group == nullptr) return members;
  for (const auto& [serial, channel] : its_group->members) {
    if (channel->attached() && told_.contains(channel->core().id)) members.push_back(channel);
  }
  return members;
}

}  // namespace longthrow
