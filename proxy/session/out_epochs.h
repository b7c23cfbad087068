// SPDX-License-Identifier: Apache-2.0
// The epochs of one group, as the sender of its frames makes them. A cut is a vector of one offset
// for each channel. It is announced to the peer when all bytes below it have been sent: so cuts are
// announced in order, and between two of them an unproven one may be put in whenever the open epoch
// would become larger than the peer can hold. Nothing that is held back can wait for itself. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "proxy/session/checkpoint_fate.h"
#include "proxy/session/epoch_member.h"
#include "proxy/wire/group_records.h"

namespace longthrow {

// INVARIANT: cuts ascend in every channel; a channel's sent offset is at or above its cut offset.
class OutEpochs {
 public:
  // Cuts that wait for their bytes to be sent. When there are more, every second one is left out,
  // which joins two epochs.
  static constexpr std::size_t kPendingMax = 1024;
  // Announced cuts that the peer has not said to be whole. Cuts that the open epoch's size forces
  // come on top, up to kForcedMax; from there on the open epoch grows instead.
  static constexpr std::size_t kAnnouncedMax = 256, kForcedMax = 128;
  static constexpr std::size_t kMembersMax = 128;  // channels that are held at a time

  // The peer reports epochs, so it holds frames back until a cut.
  [[nodiscard]] bool enabled() const { return enabled_; }

  // --- channels
  // From `offset` on, which is the first byte that is not sent, the channel's bytes are held. At
  // most kMembersMax channels are at a time.
  void join(std::uint64_t channel, std::uint64_t offset);
  // No more bytes are held, of no channel. Closes the open epoch, with this proof.
  void leave(Proof proof, std::int64_t wall_ns);
  // The channel ends, or is stopped: nothing waits for its bytes any more.
  void forget(std::uint64_t channel);
  [[nodiscard]] bool holds(std::uint64_t channel) const;

  // --- cuts
  // Adds a cut. Channels that it does not name are not moved. No effect if it moves none, or if it
  // lies before one that was added. The entries ascend by channel.
  void add(Proof proof, std::int64_t wall_ns, std::vector<wire::CutEntry> entries);
  // Adds a cut that is a checkpoint; it may move no channel. False: it lies before a cut that was
  // added, or an epoch had to be closed meanwhile: take another one. REQUIRES: none is under way.
  [[nodiscard]] bool add_checkpoint(Proof proof, std::int64_t wall_ns,
                                    std::vector<wire::CutEntry> entries, wire::Checkpoint mark);
  [[nodiscard]] CheckpointFate checkpoint() const { return checkpoint_; }
  void forget_checkpoint() { checkpoint_ = CheckpointFate::none; }
  // Whether a frame of this charge may join the open epoch: it stays within what the peer can hold,
  // or no more cuts may be under way.
  [[nodiscard]] bool fits(std::uint64_t charge) const {
    return open_charge_ == 0 || open_charge_ + charge <= bytes_max_ ||
           announced_.size() >= kAnnouncedMax + kForcedMax;
  }
  // Cuts at what was sent.
  void close_here(Proof proof, std::int64_t wall_ns);
  // A frame of a channel that is held was given its number.
  void on_sent(std::uint64_t channel, std::uint64_t end_offset, std::uint64_t charge);

  // --- the peer
  void on_lanes_lost() { said_ = 0; }  // all that is not whole there is said again
  // The next cut to be said; null: there is none. The group's id is not set.
  [[nodiscard]] const wire::Cut* poll_cut();
  // An error: it has what was never sent.
  [[nodiscard]] Result<void> on_report(const wire::GroupEpochs& report);

  // --- numbers
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }  // announced
  [[nodiscard]] std::uint64_t whole_epoch() const { return whole_epoch_; }
  // Charge of what was sent and lies behind the last announced cut.
  [[nodiscard]] std::uint64_t open_charge_bytes() const { return open_charge_; }
  // How far the channel's bytes can be used at the peer, which has all below `received`.
  [[nodiscard]] std::uint64_t usable_offset(std::uint64_t channel, std::uint64_t received) const;
  // Whether the peer holds bytes below `received` back, for their epoch is not whole there.
  [[nodiscard]] bool holds_back(std::uint64_t channel, std::uint64_t received) const {
    return usable_offset(channel, received) < received;
  }
  // Up to where the channel is cut, by any cut.
  [[nodiscard]] std::uint64_t cut_offset(std::uint64_t channel) const;
  // Up to where by announced cuts.
  [[nodiscard]] std::uint64_t announced_offset(std::uint64_t channel) const;
  // Announced cuts by proof.
  [[nodiscard]] std::uint64_t count(Proof proof) const {
    return counts_[static_cast<std::size_t>(proof)];
  }

 private:
  [[nodiscard]] bool add_cut(wire::Cut cut);
  [[nodiscard]] std::vector<wire::CutEntry> sent_up_to(
      const std::map<std::uint64_t, std::uint64_t>& limits) const;
  [[nodiscard]] std::vector<wire::CutEntry> sent_up_to_checkpoint() const;
  [[nodiscard]] bool is_reached(const wire::CutEntry& entry) const;
  void take_next_pending();
  void announce_reached();
  void announce(wire::Cut cut);
  void thin_pending();
  void drop_overtaken();
  [[nodiscard]] static std::uint64_t sum_of(const wire::Cut& cut);

  bool enabled_ = false;
  std::uint64_t bytes_max_ = 0;
  std::map<std::uint64_t, EpochMember> members_;  // by channel
  std::deque<wire::Cut> pending_;
  std::vector<wire::CutEntry> missing_;  // of the first of them: what is not sent yet
  std::deque<wire::Cut> announced_;      // not yet whole at the peer
  std::size_t said_ = 0;                 // of these, on the present lane
  std::uint64_t epoch_ = 0;
  std::uint64_t whole_epoch_ = 0;
  std::uint64_t open_charge_ = 0;
  std::array<std::uint64_t, 4> counts_{};
  CheckpointFate checkpoint_ = CheckpointFate::none;  // of the newest one
};

}  // namespace longthrow
