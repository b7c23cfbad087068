// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/out_epochs.h"

#include <algorithm>

namespace longthrow {

// --- channels

void OutEpochs::join(std::uint64_t channel, std::uint64_t offset) {
  const auto [place, inserted] = members_.try_emplace(channel);
  EpochMember& member = place->second;
  if (!inserted && !member.until) return;
  // A channel that was held before, and is again: what lies between was handed over freely, behind
  // the last cut before it.
  member = {.from = offset, .sent = offset, .pending_cut = offset, .cut = offset, .whole = offset};
}

void OutEpochs::leave(Proof proof, std::int64_t wall_ns) {
  if (checkpoint_ == CheckpointFate::waits) checkpoint_ = CheckpointFate::overtaken;
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
  for (const SentFrame& frame : found->second.open) open_charge_ -= frame.charge;
  members_.erase(found);
  std::erase_if(missing_, [&](const wire::CutEntry& entry) { return entry.channel == channel; });
  announce_reached();
}

bool OutEpochs::holds(std::uint64_t channel) const {
  const auto found = members_.find(channel);
  return found != members_.end() && !found->second.until;
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
  const EpochMember& member = found->second;
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
