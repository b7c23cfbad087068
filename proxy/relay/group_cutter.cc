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

std::vector<wire::CutEntry> entries_of(const Cut& cut) {
  std::vector<wire::CutEntry> entries;
  for (const ChannelOffset& offset : cut.offsets)
    entries.push_back({offset.channel, offset.offset});
  return entries;
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

std::vector<SourceSocket> GroupCutter::source_sockets(std::vector<SourceSocket> known) {
  std::map<std::uint64_t, std::uint64_t> cookies;
  for (const SourceSocket& socket : known) cookies[socket.channel] = socket.cookie;
  std::vector<SourceSocket> sockets;
  for (const Channel* channel : members()) {
    const std::uint64_t id = channel->core().id;
    const auto ends = channel->leg().ends();
    if (!ends || told_.at(id)) continue;
    sockets.push_back(
        {.channel = id,
         .leg = ends->first,
         .source = ends->second,
         .connector = channel->opener == Opener::here ? Connector::source : Connector::node,
         .cookie = cookies[id]});
  }
  return sockets;
}

std::vector<SourceReading> GroupCutter::unsupported(const std::vector<SourceSocket>& sockets) {
  std::vector<SourceReading> readings;
  for (const SourceSocket& socket : sockets)
    readings.push_back({.channel = socket.channel, .state = SourceState::unsupported});
  return readings;
}

void GroupCutter::ask_sources() {
  collect_.sockets = source_sockets(std::move(collect_.sockets));
  collect_.readings.clear();
  taker_.on_asked();
  if (parts_.sources != nullptr) return parts_.sources->collect(collect_);
  collect_.readings = unsupported(collect_.sockets);
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
  its_state->out_epochs.add(cut->proof, wall_ns_of(*cut), entries_of(*cut));
  parts_.wake();
}

std::int64_t GroupCutter::wall_ns_of(const Cut& cut) const {
  const TimePoint now = parts_.loop.now();
  return parts_.peer.wall_ns() - (now - std::min(cut.as_of, now)).count();
}

// --- checkpoints

void GroupCutter::end_checkpoint() {
  checkpoint_ = false;
  if (state() == nullptr) return;
  state()->out_epochs.forget_checkpoint();
  look_at_members();
  parts_.wake();
}

CheckpointPlacer::Members GroupCutter::ends_of_members() {
  CheckpointPlacer::Members ends;
  for (const Channel* channel : members()) {
    const std::uint64_t id = channel->core().id;
    const bool ended = told_.at(id);
    ends[id] = ended ? std::optional(channel->read_bytes()) : std::nullopt;
  }
  return ends;
}

bool GroupCutter::add_checkpoint(const Cut& cut, wire::Checkpoint mark) {
  GroupState* its_state = state();
  if (its_state == nullptr) return false;
  const bool added = its_state->out_epochs.add_checkpoint(cut.proof, wall_ns_of(cut),
                                                          entries_of(cut), std::move(mark));
  if (added) parts_.wake();
  return added;
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
