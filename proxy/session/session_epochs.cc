// SPDX-License-Identifier: Apache-2.0
// Epochs: what is sent of them, and which of the peer's are whole here.
#include <algorithm>

#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/session/session.h"

namespace longthrow {

// The peer takes all cuts that we may have under way.
constexpr std::size_t kCutsUnderWayMax = OutEpochs::kAnnouncedMax + OutEpochs::kForcedMax;
static_assert(kCutsUnderWayMax < InEpochs::kCutsMax);
static_assert(kCutsUnderWayMax * OutEpochs::kMembersMax < InEpochs::kEntriesMax);

// --- sending

void Session::join_epochs(ChannelCore& channel) {
  LT_ASSERT(channel.group->out_epochs.enabled() && !channel.express);
  channel.group->out_epochs.join(channel.id, channel.out.numbered_offset());
}

void Session::leave_epochs(GroupState& its_group, Proof proof) {
  its_group.out_epochs.leave(proof, its_group.sent_as_of_ns());
}

void Session::close_epoch(GroupState& its_group) {
  note_reached(Mark::epoch_closed_by_size);
  its_group.out_epochs.close_here(Proof::none, its_group.sent_as_of_ns());
}

// Called before a frame gets its number.
void Session::charge_epoch(ChannelCore& channel, OutFrame& frame) {
  OutEpochs& epochs = channel.group->out_epochs;
  if (frame.header.kind != wire::FrameKind::data || !epochs.holds(channel.id)) return;
  const std::uint64_t charge = credit_charge(frame.header.raw_bytes);
  if (!epochs.fits(charge) && !planted(Plant::epoch_without_bound)) close_epoch(*channel.group);
  frame.header.held = true;
  epochs.on_sent(channel.id, frame.header.offset + frame.header.raw_bytes, charge);
}

// A receive share that has become smaller may be filled by one open epoch. The peer then gives no
// credit, since it hands nothing over; and without credit no later cut is reached.
void Session::unstick_epochs() {
  for (auto& [name, its_group] : groups_) {
    const OutEpochs& epochs = its_group.out_epochs;
    if (epochs.open_charge_bytes() == 0 || epochs.whole_epoch() != epochs.epoch()) continue;
    if (!its_group.waits_for_credit()) continue;
    const bool all_delivered = std::ranges::all_of(channels_, [&](const auto& entry) {
      const auto& [id, channel] = entry;
      return channel->group != &its_group || !epochs.holds(id) ||
             channel->out.delivered_offset >= epochs.announced_offset(id);
    });
    if (all_delivered && !planted(Plant::epoch_without_bound)) close_epoch(its_group);
  }
}

void Session::put_cuts(ByteQueue& out) {
  for (auto& [name, its_group] : groups_) {
    while (const wire::Cut* next = its_group.out_epochs.poll_cut()) {
      wire::Cut cut = *next;
      cut.group_id = its_group.id;
      if (cut.checkpoint) {
        cut.checkpoint->group_id = its_group.id;
        wire::encode(*cut.checkpoint, out);
      }
      wire::encode(cut, out);
    }
  }
}

Result<void> Session::on_epochs(const wire::Epochs& epochs) {
  for (const wire::GroupEpochs& report : epochs.groups) {
    for (auto& [name, its_group] : groups_) {
      if (its_group.id != report.group_id) continue;
      if (auto ok = its_group.out_epochs.on_report(report); !ok) return ok;
    }
  }
  return {};
}

// --- receiving

Result<void> Session::on_cut(wire::Cut cut) {
  const std::string name = group_of_peer_id(cut.group_id);
  if (name.empty()) return {};  // its routes have left the configuration
  GroupState& its_group = group(name);
  if (auto ok = its_group.in_epochs.add(std::move(cut)); !ok) return ok;
  advance_epochs(its_group);
  return {};
}

// Whether all bytes of the channel below the offset are here, or will never come.
bool Session::is_here(const wire::CutEntry& entry) const {
  const auto found = channels_.find(entry.channel);
  if (found != channels_.end()) {
    const InStream& in = found->second->in;
    return in.discarding() || in.contiguous_offset() >= entry.offset;
  }
  const std::uint64_t index = entry.channel / 2;
  return owns_id(entry.channel) ? index < next_own_index_ : peer_indexes_.contains(index);
}

void Session::release_cut(const wire::CutEntry& entry) {
  const auto found = channels_.find(entry.channel);
  if (found == channels_.end()) return;
  found->second->in.release_up_to(entry.offset);
  emit(SessionEvent::Kind::readable, found->second.get());
}

void Session::advance_epochs(GroupState& its_group) {
  InEpochs& epochs = its_group.in_epochs;
  const std::uint64_t before = epochs.whole().epoch;
  const bool stopped_before = epochs.stopped_at_checkpoint();
  epochs.advance([this](const wire::CutEntry& entry) { return is_here(entry); },
                 [this](const wire::CutEntry& entry) { release_cut(entry); });
  if (epochs.whole().epoch != before) due_.epochs = true;
  if (epochs.stopped_at_checkpoint() && !stopped_before) checkpoint_news_ = true;
}

bool Session::holds_back(const GroupState& its_group) const {
  return std::ranges::any_of(channels_, [&](const auto& entry) {
    return entry.second->group == &its_group && entry.second->in.held_back_bytes() > 0;
  });
}

// Two epochs fit into the window: one that is being handed over, and the open one.
void Session::put_epochs(ByteQueue& out) {
  wire::Epochs epochs;
  for (const auto& [name, id] : granted_groups()) {
    if (epochs.groups.size() == wire::kRoutesMax) break;
    epochs.groups.push_back({.group_id = id,
                             .whole_epoch = groups_.at(name).in_epochs.whole().epoch,
                             .epoch_bytes_max = receive_.window_bytes / 2});
  }
  if (!epochs.groups.empty()) wire::encode(epochs, out);
}

// --- checkpoints

Result<void> Session::on_checkpoint(wire::Checkpoint checkpoint) {
  const std::string name = group_of_peer_id(checkpoint.group_id);
  if (name.empty()) return {};  // its routes have left the configuration
  return group(name).in_epochs.announce(std::move(checkpoint));
}

void Session::lift_checkpoint(GroupState& its_group) {
  its_group.in_epochs.lift([this](const wire::CutEntry& entry) { release_cut(entry); });
}

void Session::report_checkpoint(GroupState& its_group, wire::CheckpointReport report) {
  its_group.checkpoint_here = std::move(report);
  due_.checkpoints = true;
}

// Said also while there is nothing to report: so the peer knows that it may make checkpoints.
void Session::put_checkpoints(ByteQueue& out) {
  wire::CheckpointReports reports;
  for (const auto& [name, id] : granted_groups()) {
    const auto& report = groups_.at(name).checkpoint_here;
    if (!report || reports.groups.size() == wire::kRoutesMax) continue;
    reports.groups.push_back(*report);
    reports.groups.back().group_id = id;
  }
  wire::encode(reports, out);
}

void Session::on_checkpoint_reports(wire::CheckpointReports reports) {
  peer_takes_checkpoints_ = true;
  for (wire::CheckpointReport& report : reports.groups) {
    for (auto& [name, its_group] : groups_) {
      if (its_group.id == report.group_id) its_group.checkpoint_at_peer = std::move(report);
    }
  }
  checkpoint_news_ = true;
}

}  // namespace longthrow
