// SPDX-License-Identifier: Apache-2.0
// Notes the bytes that are lost when channels end, and tells all that they concern: the node's
// ledger of losses, the health of the route, the drains, and the group. The group lacks the bytes
// until a newer channel of the route has caught up.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/legs/channel.h"
#include "proxy/losses/loss_ledger.h"
#include "proxy/relay/drain_book.h"
#include "proxy/relay/stops.h"
#include "proxy/routes/waiting_legs.h"

namespace longthrow {

// One for each link. Every loss of a channel goes into the ledger through it. Belongs to the loop's
// thread.
class ChannelEnds {
 public:
  // The text of a loss whose reason the peer has not told.
  static constexpr const char* kPeerTakesNoMore =
      "the peer takes no more: its target closed the connection, broke or could not be reached, or "
      "the peer gave the connection up (its log and its losses say why)";

  ChannelEnds(Loop& loop, LossLedger& ledger, std::string link, const Stops& stops)
      : loop_(loop), ledger_(ledger), link_(std::move(link)), stops_(stops) {}

  // A channel that begins after an end is noted has a higher serial than newest_serial() has then.
  [[nodiscard]] std::uint64_t next_serial() { return ++newest_serial_; }
  [[nodiscard]] std::uint64_t newest_serial() const { return newest_serial_; }

  // --- the target's side
  // Notes the bytes that arrived here, that the target did not take, and that are not noted yet.
  // Returns how many they are.
  std::uint64_t note_untaken(Channel& channel, ChannelEnd::How how, const LossCause& cause);

  // --- the source's side
  // Notes the bytes of the leg that are not delivered, once no more of them can be. Acts once for
  // each channel.
  void note_unproven(Channel& channel, ChannelEnd::How how, const LossCause& cause);
  // The peer will say nothing more about the bytes that `channel` has given. Drains that run now,
  // or begin later, report those that are not known to be delivered.
  void note_over(Channel& channel, const std::string& reason);
  // Called every tick: the peer says what it has delivered in acknowledgements, which the session
  // takes without a word to anybody.
  void count_peer_delivered(Channel& channel);
  // Bytes that the peer's targets have acknowledged, of ended channels, too. Exact to a tick.
  [[nodiscard]] std::uint64_t peer_delivered_bytes() const { return peer_delivered_bytes_; }
  // Notes the loss of connections that waited for the link: their bytes are lost like those of
  // every other connection that ends.
  void note_waiting(Route& route, const WaitingLegs::Unread& lost, const LossCause& cause);

  // --- both
  // Called when the leg of `channel` is closed.
  void note_closed(Channel& channel);
  // Called before `channel` is forgotten. Bytes of the peer that arrived after the leg was closed
  // are lost, too.
  void note_gone(Channel& channel);
  // Notes the bytes of a channel that the peer has opened and for which this node has no leg yet.
  void note_without_leg(const ChannelCore& core, const std::string& route, const LossCause& cause);

  // For a channel whose bytes the peer takes no more: how many undelivered bytes it has given. 0
  // when they are noted as a loss, which happens when its leg closes.
  [[nodiscard]] static std::uint64_t given_in_vain(const Channel& channel) {
    return channel.account.loss_noted ? 0 : channel.unproven_bytes();
  }
  // When the program gave the oldest byte that is not known to be delivered. Exact to a tick.
  [[nodiscard]] TimePoint undelivered_since(const Channel& channel) const;

  [[nodiscard]] DrainBook& drains() { return drains_; }
  // Bytes that this node received and its targets did not take.
  [[nodiscard]] std::uint64_t untaken_bytes() const { return untaken_bytes_; }

 private:
  struct Lost {
    std::uint64_t bytes = 0;
    LossPlace place = LossPlace::to_peer;
    std::uint64_t perhaps_delivered_bytes = 0;
  };
  void note_end(const Channel& channel, const Lost& lost, ChannelEnd::How how,
                const LossCause& cause);
  void tell(const Channel& channel, const Lost& lost, ChannelEnd::How how, const LossCause& cause);
  void note_partial_epoch(const Channel& channel);
  void note_thrown_away(Channel& channel);
  void note_unconfirmed(Channel& channel);
  void note_short(Channel& channel, std::uint64_t bytes, const std::string& reason);
  void add_shortfall(Group& group, std::uint64_t bytes, const std::string& reason) const;

  Loop& loop_;
  LossLedger& ledger_;
  const std::string link_;
  const Stops& stops_;
  DrainBook drains_;
  std::uint64_t newest_serial_ = 0;
  std::uint64_t untaken_bytes_ = 0;
  std::uint64_t peer_delivered_bytes_ = 0;
};

}  // namespace longthrow
