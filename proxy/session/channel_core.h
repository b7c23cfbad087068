// SPDX-License-Identifier: Apache-2.0
// What a session knows of one channel, and of one group of routes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>

#include "longthrow/config.h"
#include "proxy/session/in_epochs.h"
#include "proxy/session/in_stream.h"
#include "proxy/session/out_epochs.h"
#include "proxy/session/out_stream.h"

namespace longthrow {

struct ChannelCore;

// Of the channels that a node opens: the one with the lower name takes the even ones.
enum class ChannelNumbers : std::uint8_t { even, odd };

// Routes whose channels share credit and cuts. Created by the first route that names it.
struct GroupState {
  std::string name;
  std::uint32_t id = 0;  // our number of it on the wire

  // Sending. The peer's grant is absolute: the charge of all frames since the session began.
  std::uint64_t credit_limit_bytes = 0;
  std::uint64_t credit_used_bytes = 0;
  std::uint64_t served_bytes = 0;         // for fairness: virtual time
  std::deque<ChannelCore*> waiting;       // channels with frames to send, in turn
  std::uint64_t stored_charge_bytes = 0;  // its channels' part of the arena
  bool unframed = false;  // set by the relay: bytes were read that are in no frame yet
  // The newest time that frames may claim for the copy. The relay sets it for groups of several
  // streams: a receiver that sees only one of them must not take its time for the group's.
  static constexpr std::int64_t kUnlimitedNs = std::numeric_limits<std::int64_t>::max();
  std::int64_t frames_as_of_max_ns = kUnlimitedNs;
  // By then all that its sources had given is sent; 0: not known.
  [[nodiscard]] std::int64_t sent_as_of_ns() const {
    return frames_as_of_max_ns != kUnlimitedNs ? frames_as_of_max_ns : 0;
  }
  OutEpochs out_epochs;
  // How far our newest checkpoint has come at the peer; its group_id is ours.
  std::optional<wire::CheckpointReport> checkpoint_at_peer{};

  // Receiving.
  std::uint64_t received_charge_bytes = 0;
  std::uint64_t consumed_charge_bytes = 0;
  std::uint64_t granted_bytes = 0;
  bool recalled = false;  // we have recalled some of the grant; the peer has not answered
  // All bytes before this time of the sender are usable here; 0: none yet. See settle_as_of.
  std::int64_t as_of_wall_ns = 0;
  std::int64_t marked_wall_ns = 0;    // by marks, or an idle heartbeat
  std::int64_t finished_wall_ns = 0;  // the newest byte of channels that are complete
  InEpochs in_epochs;
  std::optional<wire::CheckpointReport> checkpoint_here{};  // what we report to the peer

  // The group's part of the receive share: bytes held, and bytes that may still come.
  [[nodiscard]] std::uint64_t outstanding_bytes() const {
    return granted_bytes - std::min(granted_bytes, consumed_charge_bytes);
  }
  // The peer may send so much more: it keeps to its credit.
  [[nodiscard]] bool has_granted(std::uint64_t charge_bytes) const {
    return received_charge_bytes + charge_bytes <= granted_bytes;
  }
  [[nodiscard]] bool has_credit(std::uint64_t charge_bytes) const {
    return credit_used_bytes + charge_bytes <= credit_limit_bytes;
  }
  // Whether there is credit for a bulk frame. Bulk frames leave the last of the credit to the
  // group's express channels.
  [[nodiscard]] bool has_bulk_credit(std::uint64_t charge_bytes) const {
    return has_credit(charge_bytes + (has_express ? kExpressCreditBytes : 0));
  }
  // Whether bulk frames wait, and none of them has credit.
  [[nodiscard]] bool waits_for_credit() const;
  static constexpr std::uint64_t kExpressCreditBytes = 64 * kKiB;
  bool has_express = false;  // some channel of it is, or was, an express channel
};

// One channel within a session. Owned by the session until `Session::release`.
struct ChannelCore {
  ChannelCore(FramePool& pool, std::uint64_t channel_id, std::uint32_t route, GroupState& its_group)
      : id(channel_id),
        route_id(route),
        group(&its_group),
        out(pool, its_group.stored_charge_bytes) {}

  std::uint64_t id;
  std::uint32_t route_id;  // our own id of the route
  GroupState* group;
  OutStream out;
  InStream in;
  std::int64_t as_of_wall_ns = 0;      // sender's time of the newest byte in order
  bool in_runs_ahead = false;          // the peer's bytes do not tell how new the copy is
  bool listed_waiting = false;         // in group->waiting, or in the session's express list
  bool express = false;                // its frames go over the express lane, see make_express
  std::uint64_t bulk_frames_out = 0;   // numbered for bulk lanes, not yet acknowledged
  std::uint64_t ahead_frames_out = 0;  // by poll_ahead_frame, not yet acknowledged
  bool too_many = false;               // for the peer: abort it, see kPeerChannelsServed
  bool stop_sent = false;              // we take no more bytes from the peer
  std::uint64_t delivered_offset = 0;  // acknowledged by our target's TCP
  bool delivered_due = false;          // and the peer has not been told
  void* user = nullptr;                // the relay's channel
};

inline bool GroupState::waits_for_credit() const {
  if (waiting.empty()) return false;
  return !has_bulk_credit(credit_charge(waiting.front()->out.first_waiting()->header.raw_bytes));
}

}  // namespace longthrow
