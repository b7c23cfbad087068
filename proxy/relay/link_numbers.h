// SPDX-License-Identifier: Apache-2.0
// What a link counts and reckons: rates, what is not delivered, lag, and what limits it.
#pragma once

#include <string>

#include "longthrow/status.h"
#include "proxy/relay/channels.h"
#include "proxy/relay/doors.h"
#include "proxy/relay/rates.h"

namespace longthrow {

// Belongs to the loop's thread.
class LinkNumbers {
 public:
  LinkNumbers(const Channels::Parts& parts, const Channels& channels, const Doors& doors);

  // Every `interval`.
  void update(TimePoint now, Duration interval);
  [[nodiscard]] const LinkRates& rates() const { return rates_; }
  // Since when the link has been up, or not.
  [[nodiscard]] WallTime state_since() const { return state_since_; }
  // Accepted on either side and not yet delivered: of ours there, of the peer's here.
  [[nodiscard]] std::uint64_t undelivered_bytes() const;
  // Bytes that this node has accepted as the source of a group and that are not delivered there.
  [[nodiscard]] static std::uint64_t source_bytes(const Group& group);
  // What the peer lacks of a group, or of the whole link (null). What was lost counts until newer
  // data of its route is there.
  [[nodiscard]] Lag lag(const Group* group) const;
  [[nodiscard]] Limit limited_by() const;
  // Bytes are stored for the peer.
  [[nodiscard]] bool any_waits_for_peer() const;

 private:
  void update_compression(TimePoint now, Duration interval);
  void forget_shortfalls();

  Loop& loop_;
  const int workers_;
  Stops& stops_;
  LinkBuffer& buffer_;
  RouteTable& routes_;
  Peer& peer_;
  const ChannelEnds& ends_;
  const Channels& channels_;
  const Doors& doors_;
  LinkRates rates_;
  std::optional<LinkState> last_state_;
  WallTime state_since_{};
};

}  // namespace longthrow
