// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/group_cutter.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/legs/channel.h"

namespace longthrow {
namespace {

// Cuts that were not given by now were lost on their way to the session: it refuses one that has
// been overtaken.
constexpr Duration kUncutMargin = std::chrono::milliseconds(500);

std::uint64_t given_bytes(const Channel& channel) {
  return channel.read_bytes() + channel.unread_bytes();
}

}  // namespace

GroupCutter::GroupCutter(const Parts& parts, std::string group)
    : parts_(parts), name_(std::move(group)) {
  collect_.operation.bind<&GroupCutter::on_collected>(this);
  timer_.bind<&GroupCutter::on_timer>(this);
}

GroupCutter::~GroupCutter() { parts_.loop.disarm(timer_); }

GroupState* GroupCutter::state() const {
  if (parts_.peer.session() == nullptr) return nullptr;
  auto& groups = parts_.peer.session()->groups();
  const auto found = groups.find(name_);
  return found != groups.end() ? &found->second : nullptr;
}

// --- members

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
  const bool several =
      its_group->routes > 1 && may.size() > 1 && may.size() <= OutEpochs::kMembersMax;
  if (!several) {
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

// --- cuts

void GroupCutter::advance() {
  parts_.loop.disarm(timer_);
  if (state() == nullptr) return;
  look_at_members();
  while (!told_.empty()) {
    const TimePoint now = parts_.loop.now();
    switch (taker_.poll(now)) {
      case CutStep::wait:
        if (taker_.next_timeout() != kNever) parts_.loop.arm(timer_, taker_.next_timeout());
        return;
      case CutStep::ask_sources:
        if (!idle()) return;  // one of an earlier session; its completion comes back here
        ask_sources();
        break;
      case CutStep::ask_received:
        take(taker_.on_received(now, received()));
        break;
      case CutStep::give_up:
        take(taker_.on_given_up(now, received()));
        break;
    }
  }
}

void GroupCutter::ask_sources() {
  std::map<std::uint64_t, std::uint64_t> cookies;
  for (const SourceSocket& socket : collect_.sockets) cookies[socket.channel] = socket.cookie;
  collect_.sockets.clear();
  collect_.readings.clear();
  for (const Channel* channel : members()) {
    const std::uint64_t id = channel->core().id;
    const auto ends = channel->leg().ends();
    if (!ends || told_.at(id)) continue;
    collect_.sockets.push_back(
        {.channel = id,
         .leg = ends->first,
         .source = ends->second,
         .connector = channel->opener == Opener::here ? Connector::source : Connector::node,
         .cookie = cookies[id]});
  }
  taker_.on_asked();
  if (parts_.sources != nullptr) return parts_.sources->collect(collect_);
  for (const SourceSocket& socket : collect_.sockets)
    collect_.readings.push_back({.channel = socket.channel, .state = SourceState::unsupported});
  const TimePoint now = parts_.loop.now();
  take(taker_.on_sources(now, {.readings = collect_.readings, .began = now, .ended = now}));
  note_obstacle();
}

void GroupCutter::on_collected(int result) {
  parts_.on_idle();
  if (std::exchange(stale_, false) || state() == nullptr) return advance();
  if (result < 0) collect_.readings.clear();
  look_at_members();
  take(taker_.on_sources(
      parts_.loop.now(),
      {.readings = collect_.readings, .began = collect_.began, .ended = collect_.ended}));
  note_obstacle();
  advance();
}

CutTaker::Offsets GroupCutter::received() {
  CutTaker::Offsets offsets;
  for (const Channel* channel : members())
    offsets.push_back({channel->core().id, given_bytes(*channel)});
  std::ranges::sort(offsets, {}, &ChannelOffset::channel);
  return offsets;
}

void GroupCutter::take(std::optional<Cut> cut) {
  GroupState* its_state = state();
  if (!cut || its_state == nullptr) return;
  if (cut->proof == Proof::source) note_reached(Mark::cut_proven);
  if (cut->proof == Proof::observed && planted(Plant::observed_called_proven))
    cut->proof = Proof::source;
  std::vector<wire::CutEntry> entries;
  for (const ChannelOffset& offset : cut->offsets)
    entries.push_back({offset.channel, offset.offset});
  const std::int64_t wall_ns =
      parts_.peer.wall_ns() - (parts_.loop.now() - std::min(cut->as_of, parts_.loop.now())).count();
  its_state->out_epochs.add(cut->proof, wall_ns, std::move(entries));
  parts_.wake();
}

void GroupCutter::cut_what_waits() {
  GroupState* its_state = state();
  if (its_state == nullptr || told_.empty()) return;
  const TimePoint now = parts_.loop.now();
  const CutTaker::Offsets offsets = received();
  const bool waits = std::ranges::any_of(offsets, [&](const ChannelOffset& entry) {
    return its_state->out_epochs.cut_offset(entry.channel) < entry.offset;
  });
  if (!waits) return uncut_since_.reset();
  if (!uncut_since_) uncut_since_ = now;
  if (now - *uncut_since_ < rhythm_.deadline + kUncutMargin) return;
  uncut_since_.reset();
  note_reached(Mark::cut_was_refused);
  take(Cut{.proof = Proof::none, .offsets = offsets, .as_of = now});
}

void GroupCutter::cancel() {
  forget_members();
  if (parts_.sources != nullptr && !idle()) parts_.sources->cancel(collect_);
}

void GroupCutter::note_obstacle() {
  obstacle_ = taker_.obstacle() ? describe(*taker_.obstacle()) : std::string();
}

}  // namespace longthrow
