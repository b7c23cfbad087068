// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/copies.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {
namespace {

bool is_stream(const Channel& channel) {
  return channel.guide().carries() == StreamGuide::Carries::copy;
}

std::size_t count_streams(const Group& group) {
  return static_cast<std::size_t>(std::ranges::count_if(group.members, [](const auto& entry) {
    const Channel& channel = *entry.second;
    return channel.attached() && !channel.closed() && is_stream(channel);
  }));
}

struct Judgement {
  Proof proof;
  std::string reason;
};

Judgement judge_cut(Proof proof, std::size_t streams) {
  switch (proof) {
    case Proof::source:
      return {proof, format("a cut of its {} streams, proven at the source", streams)};
    case Proof::freeze:
      return {proof, format("a cut of its {} streams, while the source was frozen", streams)};
    case Proof::observed:
      return {proof, format("a cut of its {} streams, observed where they were received: a source "
                            "on another host may have written more at that moment",
                            streams)};
    case Proof::none:
      break;
  }
  return {proof, format("the last cut of its {} streams has no proof", streams)};
}

// One stream is in order, so its copy is of one moment. Several streams are each in order, but
// without cuts nothing says which bytes of one belong to which bytes of another.
Judgement judge(const Group& group) {
  const std::size_t streams = std::max(group.routes, group.copy.streams);
  if (streams <= 1) return {.proof = Proof::source, .reason = "one stream, in order"};
  if (group.copy.restored)
    return {.proof = Proof::none, .reason = "the node has restarted since, and does not know"};
  if (group.copy.epoch > 0) return judge_cut(group.copy.cut_proof, streams);
  return {.proof = Proof::none, .reason = format("{} streams, and no cuts between them", streams)};
}

}  // namespace

// A route that has lost a connection holds back the other routes of its group: until newer data of
// it is delivered, the copy stays as of the time before the loss, and its age grows. So does a
// connection whose bytes are thrown away, from the first of them; its loss is noted when it ends.
bool Copies::stands_still(const Group& group) const {
  if (planted(Plant::lost_route_keeps_age)) return false;
  const bool loses = std::ranges::any_of(group.members, [](const auto& entry) {
    const Channel& channel = *entry.second;
    return channel.attached() && !channel.closed() && channel.core().in.discarding();
  });
  if (loses) return true;
  return std::ranges::any_of(routes_.configured(), [&](const Route* route) {
    return route->group == &group && (route->health.lost() || route->guide->stands_still());
  });
}

void Copies::note() {
  Session& session = *peer_.session();
  session.settle_as_of();
  for (const auto& [name, state] : session.groups()) {
    Group* group = routes_.configured_group(name);
    if (group == nullptr || group->fenced()) continue;  // what comes now is not handed over
    const std::size_t streams = count_streams(*group);
    if (streams > 0) group->copy.streams = streams;
    if (const InEpochs::Whole& whole = state.in_epochs.whole(); streams > 0 || whole.epoch > 0) {
      // What several streams have mixed stays mixed until the next cut, also when one is left.
      const bool undone = group->copy.epoch == whole.epoch && group->copy.cut_proof == Proof::none;
      const bool mixed = whole.followed && (streams > 1 || undone);
      group->copy.epoch = whole.epoch;
      group->copy.cut_proof = mixed ? Proof::none : whole.proof;
    }
    if (state.as_of_wall_ns == 0 || !session.peer_wall_ns() || stands_still(*group)) continue;
    group->copy.age.note(loop_.now(), state.as_of_wall_ns,
                         {.wall_ns = *session.peer_wall_ns(),
                          .at = session.peer_wall_at(),
                          .trip_max = session.rtt().value_or(Duration(0)),
                          .civil_offset_ns = session.peer_civil_offset_ns()});
  }
}

Copies::MarkedById Copies::mark() {
  MarkedById groups;
  const std::int64_t now_ns = peer_.wall_ns();
  for (const auto& [serial, channel] : channels_.all()) {
    const OutStream& out = channel->core().out;
    if (!channel->attached() || out.stopped) continue;
    channel->history().note(now_ns, channel->read_bytes() + channel->looked().unread_bytes);
    if (!is_stream(*channel)) continue;
    channel->history().forget_below(std::min(out.delivered_offset, out.numbered_offset()));
    Marked& group = groups[channel->core().group->id];
    if (!out.end_acked) group.received.add(channel->history().complete_at(out.received_offset()));
    if (out.end && out.first_waiting() == nullptr) continue;
    group.numbered.add(channel->history().complete_at(out.numbered_offset()));
    group.open = group.open || !out.end;
  }
  return groups;
}

void Copies::say_marks(TimePoint now) {
  if (peer_.session() == nullptr) return;
  Session& session = *peer_.session();
  const MarkedById groups = mark();
  for (auto& [name, state] : session.groups()) {
    const auto found = groups.find(state.id);
    // A frame may come by a lane that works, while those of another stream are lost with lanes that
    // do not, and while the receiver does not know of that stream.
    const bool several = found != groups.end() && found->second.received.streams > 1;
    state.frames_as_of_max_ns = several ? found->second.received.wall_ns : GroupState::kUnlimitedNs;
  }
  const bool all = now >= next_full_marks_;
  std::vector<wire::GroupMark> marks;
  for (const auto& [id, group] : groups) {
    const bool wanted = group.open && (all || group.numbered.streams > 1);
    if (wanted && marks.size() < wire::kRoutesMax) marks.push_back({id, group.numbered.wall_ns});
  }
  const Lane* express = peer_.uplink().lanes().express();
  if (express == nullptr || !session.connected() || !express->has_room()) return;
  if (all) next_full_marks_ = now + config_.heartbeat;
  if (all || !marks.empty()) {
    session.say_marks(peer_.wall_ns(), loop_.wall_now().time_since_epoch().count(),
                      std::move(marks));
  }
}

void Copies::fill_inbound(const Group& group, GroupStatus& status) const {
  status.inbound.left_out_bytes = group.taken_left_out_bytes;
  const CopyAge& age = group.copy.age;
  if (age.as_of_ns() == 0) return;
  Judgement judged = judge(group);
  status.inbound.epoch = group.copy.epoch;
  status.inbound.proof = judged.proof;
  status.inbound.proof_reason = std::move(judged.reason);
  status.inbound.as_of = WallTime(Duration(age.as_of_ns()));
  status.inbound.age_s = seconds_of(*age.age(loop_.now()));
}

// Losses before the restart of the node are not known, so the copy is marked `restored` and is not
// called consistent.
void Copies::restore(const SavedCopies& saved) {
  for (const auto& [name, group] : routes_.groups().all()) {
    const auto known = saved.find(name);
    if (known == saved.end() || !group->configured() || group->copy.age.as_of_ns() != 0) continue;
    note_reached(Mark::copy_restored);
    group->copy.restored = true;
    group->copy.streams = known->second.streams;
    group->copy.age.restore(loop_.now(), loop_.wall_now(), known->second.as_of_ns);
  }
}

void Copies::save(SavedCopies& saved) const {
  for (const auto& [name, group] : routes_.groups().all()) {
    if (group->copy.age.as_of_ns() != 0)
      saved[name] = {.as_of_ns = group->copy.age.as_of_ns(), .streams = group->copy.streams};
  }
}

}  // namespace longthrow
