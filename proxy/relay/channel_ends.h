// SPDX-License-Identifier: Apache-2.0
// What the ends of channels destroy, and whom it concerns: the node's ledger of losses, the health
// of the route, the drains, and the group, which lacks it until a newer channel catches up.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/legs/channel.h"
#include "proxy/losses/loss_ledger.h"
#include "proxy/relay/drain_book.h"
#include "proxy/relay/stops.h"
#include "proxy/routes/waiting_legs.h"

namespace longthrow {

// Of one link: the one way into the ledger. Belongs to the loop's thread.
class ChannelEnds {
 public:
  // Of a loss that the peer has told without its reason.
  static constexpr const char* kPeerTakesNoMore =
      "the peer takes no more: its target closed the connection, broke or could not be reached, or "
      "the peer gave the connection up (its log and its losses say why)";

  ChannelEnds(Loop& loop, LossLedger& ledger, std::string link, const Stops& stops)
      : loop_(loop), ledger_(ledger), link_(std::move(link)), stops_(stops) {}

  // Channels with higher serials come after an end that is noted now.
  [[nodiscard]] std::uint64_t next_serial() { return ++newest_serial_; }
  [[nodiscard]] std::uint64_t newest_serial() const { return newest_serial_; }

  // --- the target's side
  // What had arrived and the target did not take, as far as it was not noted before. Returned: so
  // many bytes.
  std::uint64_t note_untaken(Channel& channel, ChannelEnd::How how, const LossCause& cause);

  // --- the source's side
  // What of the leg's bytes was not delivered when nothing more can be: once for each channel.
  void note_unproven(Channel& channel, ChannelEnd::How how, const LossCause& cause);
  // The peer says nothing more of the bytes that `channel` has given: drains that run or begin
  // later answer for them.
  void note_over(Channel& channel, const std::string& reason);
  // Connections that waited for the link. What they had given is lost like the bytes of every other
  // connection that ends.
  void note_waiting(Route& route, const WaitingLegs::Unread& lost, const LossCause& cause);

  // --- both
  // The leg is closed.
  void note_closed(Channel& channel);
  // The channel is to be forgotten. Since its leg was closed more of the peer's bytes may have come
  // for nothing.
  void note_gone(Channel& channel);
  // Bytes of a connection of `route` that the peer has opened, and nobody here has seen it yet.
  void note_without_leg(const ChannelCore& core, const std::string& route, const LossCause& cause);

  // Of a channel whose bytes the peer takes no more: once its leg is closed, they are told as a
  // loss.
  [[nodiscard]] static std::uint64_t given_in_vain(const Channel& channel) {
    return channel.account.loss_noted ? 0 : channel.unproven_bytes();
  }
  // Since when the oldest byte that is not known to be delivered was there is known to a tick.
  [[nodiscard]] TimePoint undelivered_since(const Channel& channel) const;

  [[nodiscard]] DrainBook& drains() { return drains_; }
  // Received, and not taken by targets.
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
};

}  // namespace longthrow
