// SPDX-License-Identifier: Apache-2.0
// The cuts of OutEpochs: which wait for their bytes, and which are announced.
#include <algorithm>

#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/session/out_epochs.h"

namespace longthrow {

void OutEpochs::add(Proof proof, std::int64_t wall_ns, std::vector<wire::CutEntry> entries) {
  (void)add_cut({.proof = proof, .wall_ns = wall_ns, .entries = std::move(entries)});
}

bool OutEpochs::add_checkpoint(Proof proof, std::int64_t wall_ns,
                               std::vector<wire::CutEntry> entries, wire::Checkpoint mark) {
  checkpoint_ = CheckpointFate::waits;
  const bool added = add_cut({.proof = proof,
                              .wall_ns = wall_ns,
                              .entries = std::move(entries),
                              .checkpoint = std::move(mark)});
  if (!added) checkpoint_ = CheckpointFate::none;
  return added;
}

bool OutEpochs::add_cut(wire::Cut cut) {
  std::vector<wire::CutEntry>& entries = cut.entries;
  // A channel that is not held, or not any more, keeps nothing back.
  std::erase_if(entries, [&](const wire::CutEntry& entry) { return !holds(entry.channel); });
  // Cuts ascend. One that was taken before another is of no use once that one is made.
  const auto is_behind = [&](const wire::CutEntry& entry) {
    return entry.offset < members_.at(entry.channel).pending_cut;
  };
  const auto moves = [&](const wire::CutEntry& entry) {
    return entry.offset > members_.at(entry.channel).pending_cut;
  };
  const bool of_use = cut.checkpoint ? !entries.empty() : std::ranges::any_of(entries, moves);
  if (entries.size() > wire::kCutEntriesMax || std::ranges::any_of(entries, is_behind) || !of_use)
    return false;
  if (pending_.size() >= kPendingMax) thin_pending();
  if (pending_.size() >= kPendingMax) return false;
  for (const wire::CutEntry& entry : entries) members_.at(entry.channel).pending_cut = entry.offset;
  pending_.push_back(std::move(cut));
  if (pending_.size() == 1) take_next_pending();
  announce_reached();
  return true;
}

std::uint64_t OutEpochs::sum_of(const wire::Cut& cut) {
  std::uint64_t sum = 0;
  for (const wire::CutEntry& entry : cut.entries) sum += entry.offset;
  return sum;
}

// Leaves cuts out where the two epochs that are joined are small.
void OutEpochs::thin_pending() {
  note_reached(Mark::cuts_thinned);
  std::deque<wire::Cut> kept;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const bool between = !kept.empty() && i + 1 < pending_.size();
    const bool small = between && sum_of(pending_[i + 1]) -
                                          std::min(sum_of(pending_[i + 1]), sum_of(kept.back())) <=
                                      bytes_max_ / 4;
    if (small && i % 2 == 1 && !pending_[i].checkpoint) continue;
    kept.push_back(std::move(pending_[i]));
  }
  pending_ = std::move(kept);
}

bool OutEpochs::is_reached(const wire::CutEntry& entry) const {
  const auto found = members_.find(entry.channel);
  return found == members_.end() || found->second.sent >= entry.offset;
}

void OutEpochs::take_next_pending() {
  missing_.clear();
  if (pending_.empty()) return;
  for (const wire::CutEntry& entry : pending_.front().entries) {
    if (!is_reached(entry)) missing_.push_back(entry);
  }
}

void OutEpochs::announce_reached() {
  while (!pending_.empty() && missing_.empty() && announced_.size() < kAnnouncedMax) {
    wire::Cut cut = std::move(pending_.front());
    pending_.pop_front();
    take_next_pending();
    announce(std::move(cut));
  }
}

void OutEpochs::announce(wire::Cut cut) {
  cut.epoch = ++epoch_;
  if (cut.checkpoint) {
    cut.checkpoint->epoch = epoch_;
    checkpoint_ = CheckpointFate::announced;
  }
  ++counts_[static_cast<std::size_t>(cut.proof)];
  for (const wire::CutEntry& entry : cut.entries) {
    const auto found = members_.find(entry.channel);
    if (found == members_.end()) continue;
    EpochMember& member = found->second;
    member.cut = std::max(member.cut, entry.offset);
    // A frame across the cut is counted to the epoch behind it.
    while (!member.open.empty() && member.open.front().end <= member.cut) {
      open_charge_ -= member.open.front().charge;
      member.open.pop_front();
    }
  }
  announced_.push_back(std::move(cut));
}

// What was sent and is not cut, of each channel at most up to its limit, if it has one.
std::vector<wire::CutEntry> OutEpochs::sent_up_to(
    const std::map<std::uint64_t, std::uint64_t>& limits) const {
  std::vector<wire::CutEntry> entries;
  for (const auto& [channel, member] : members_) {
    const auto limit = limits.find(channel);
    const std::uint64_t offset =
        limit != limits.end() ? std::min(member.sent, limit->second) : member.sent;
    if (offset > member.cut && entries.size() < wire::kCutEntriesMax)
      entries.push_back({channel, offset});
  }
  return entries;
}

// A cut that has to be made is to lie before a checkpoint that waits, where that is possible.
std::vector<wire::CutEntry> OutEpochs::sent_up_to_checkpoint() const {
  std::map<std::uint64_t, std::uint64_t> limits;
  for (const wire::Cut& cut : pending_) {
    if (!cut.checkpoint) continue;
    for (const wire::CutEntry& entry : cut.entries) limits[entry.channel] = entry.offset;
  }
  return sent_up_to(limits);
}

void OutEpochs::close_here(Proof proof, std::int64_t wall_ns) {
  if (open_charge_ == 0) return;
  if (planted(Plant::forced_cut_called_proven)) proof = Proof::source;
  wire::Cut cut{.proof = proof, .wall_ns = wall_ns, .entries = sent_up_to_checkpoint()};
  if (cut.entries.empty()) cut.entries = sent_up_to({});
  announce(std::move(cut));
  drop_overtaken();
}

// A pending cut of which some channel was cut further on is no moment of the sources any more.
void OutEpochs::drop_overtaken() {
  std::erase_if(pending_, [&](const wire::Cut& cut) {
    const bool overtaken = std::ranges::any_of(cut.entries, [&](const wire::CutEntry& entry) {
      const auto found = members_.find(entry.channel);
      return found != members_.end() && entry.offset < found->second.cut;
    });
    if (overtaken && cut.checkpoint) checkpoint_ = CheckpointFate::overtaken;
    return overtaken;
  });
  for (auto& [channel, member] : members_) member.pending_cut = member.cut;
  for (const wire::Cut& cut : pending_) {
    for (const wire::CutEntry& entry : cut.entries) {
      const auto found = members_.find(entry.channel);
      if (found != members_.end()) found->second.pending_cut = entry.offset;
    }
  }
  take_next_pending();
}

void OutEpochs::on_sent(std::uint64_t channel, std::uint64_t end_offset, std::uint64_t charge) {
  EpochMember& member = members_.at(channel);
  LT_ASSERT(end_offset > member.sent);
  member.sent = end_offset;
  member.open.push_back({end_offset, charge});
  open_charge_ += charge;
  std::erase_if(missing_, [&](const wire::CutEntry& entry) {
    return entry.channel == channel && entry.offset <= end_offset;
  });
  announce_reached();
}

}  // namespace longthrow
