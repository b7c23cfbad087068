// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/out_epochs.h"

#include <algorithm>

#include "proxy/base/marks.h"
#include "proxy/base/planted.h"

namespace longthrow {

// --- channels

void OutEpochs::join(std::uint64_t channel, std::uint64_t offset) {
  const auto [place, inserted] = members_.try_emplace(channel);
  Member& member = place->second;
  if (!inserted && !member.until) return;
  // A channel that was held before, and is again: what lies between was handed over freely, behind
  // the last cut before it.
  member = {.from = offset, .sent = offset, .pending_cut = offset, .cut = offset, .whole = offset};
}

void OutEpochs::leave(Proof proof, std::int64_t wall_ns) {
  pending_.clear();
  missing_.clear();
  close_here(proof, wall_ns);
  for (auto& [channel, member] : members_) {
    if (!member.until) member.until = member.sent;
    member.pending_cut = member.cut;
  }
}

void OutEpochs::forget(std::uint64_t channel) {
  const auto found = members_.find(channel);
  if (found == members_.end()) return;
  for (const Sent& frame : found->second.open) open_charge_ -= frame.charge;
  members_.erase(found);
  std::erase_if(missing_, [&](const wire::CutEntry& entry) { return entry.channel == channel; });
  announce_reached();
}

bool OutEpochs::holds(std::uint64_t channel) const {
  const auto found = members_.find(channel);
  return found != members_.end() && !found->second.until;
}

// --- cuts

void OutEpochs::add(Proof proof, std::int64_t wall_ns, std::vector<wire::CutEntry> entries) {
  // A channel that is not held, or not any more, keeps nothing back.
  std::erase_if(entries, [&](const wire::CutEntry& entry) { return !holds(entry.channel); });
  // Cuts ascend. One that was taken before another is of no use once that one is made.
  const auto is_behind = [&](const wire::CutEntry& entry) {
    return entry.offset < members_.at(entry.channel).pending_cut;
  };
  const auto moves = [&](const wire::CutEntry& entry) {
    return entry.offset > members_.at(entry.channel).pending_cut;
  };
  if (entries.size() > wire::kCutEntriesMax || std::ranges::any_of(entries, is_behind) ||
      std::ranges::none_of(entries, moves)) {
    return;
  }
  if (pending_.size() >= kPendingMax) thin_pending();
  if (pending_.size() >= kPendingMax) return;
  for (const wire::CutEntry& entry : entries) members_.at(entry.channel).pending_cut = entry.offset;
  pending_.push_back({.proof = proof, .wall_ns = wall_ns, .entries = std::move(entries)});
  if (pending_.size() == 1) take_next_pending();
  announce_reached();
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
    if (small && i % 2 == 1) continue;
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
  ++counts_[static_cast<std::size_t>(cut.proof)];
  for (const wire::CutEntry& entry : cut.entries) {
    const auto found = members_.find(entry.channel);
    if (found == members_.end()) continue;
    Member& member = found->second;
    member.cut = std::max(member.cut, entry.offset);
    // A frame across the cut is counted to the epoch behind it.
    while (!member.open.empty() && member.open.front().end <= member.cut) {
      open_charge_ -= member.open.front().charge;
      member.open.pop_front();
    }
  }
  announced_.push_back(std::move(cut));
}

void OutEpochs::close_here(Proof proof, std::int64_t wall_ns) {
  if (open_charge_ == 0) return;
  if (planted(Plant::forced_cut_called_proven)) proof = Proof::source;
  wire::Cut cut{.proof = proof, .wall_ns = wall_ns};
  for (auto& [channel, member] : members_) {
    if (member.sent <= member.cut || cut.entries.size() == wire::kCutEntriesMax) continue;
    cut.entries.push_back({channel, member.sent});
  }
  announce(std::move(cut));
  drop_overtaken();
}

// A pending cut of which some channel was cut further on is no moment of the sources any more.
void OutEpochs::drop_overtaken() {
  std::erase_if(pending_, [&](const wire::Cut& cut) {
    return std::ranges::any_of(cut.entries, [&](const wire::CutEntry& entry) {
      const auto found = members_.find(entry.channel);
      return found != members_.end() && entry.offset < found->second.cut;
    });
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
  Member& member = members_.at(channel);
  LT_ASSERT(end_offset > member.sent);
  member.sent = end_offset;
  member.open.push_back({end_offset, charge});
  open_charge_ += charge;
  std::erase_if(missing_, [&](const wire::CutEntry& entry) {
    return entry.channel == channel && entry.offset <= end_offset;
  });
  announce_reached();
}

// --- the peer

const wire::Cut* OutEpochs::poll_cut() {
  return enabled_ && said_ < announced_.size() ? &announced_[said_++] : nullptr;
}

Result<void> OutEpochs::on_report(const wire::GroupEpochs& report) {
  if (report.whole_epoch > epoch_) return breach("an epoch is called whole that was never sent");
  enabled_ = true;
  bytes_max_ = report.epoch_bytes_max;
  while (!announced_.empty() && announced_.front().epoch <= report.whole_epoch) {
    for (const wire::CutEntry& entry : announced_.front().entries) {
      const auto found = members_.find(entry.channel);
      if (found != members_.end())
        found->second.whole = std::max(found->second.whole, entry.offset);
    }
    announced_.pop_front();
    if (said_ > 0) --said_;
  }
  whole_epoch_ = std::max(whole_epoch_, report.whole_epoch);
  announce_reached();
  return {};
}

// --- numbers

std::uint64_t OutEpochs::usable_offset(std::uint64_t channel, std::uint64_t received) const {
  const auto found = members_.find(channel);
  if (found == members_.end()) return received;
  const Member& member = found->second;
  if (member.until && member.whole >= *member.until) return received;
  return std::min(received, std::max(member.from, member.whole));
}

std::uint64_t OutEpochs::cut_offset(std::uint64_t channel) const {
  const auto found = members_.find(channel);
  return found != members_.end() ? found->second.pending_cut : 0;
}

std::uint64_t OutEpochs::announced_offset(std::uint64_t channel) const {
  const auto found = members_.find(channel);
  return found != members_.end() ? found->second.cut : 0;
}

}  // namespace longthrow
