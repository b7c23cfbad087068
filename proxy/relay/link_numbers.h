// SPDX-License-Identifier: Apache-2.0
// What a link counts and reckons: rates, undelivered bytes, lag, and what limits the link.
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

  // Called every tick; `interval`: since the last call.
  void update(TimePoint now, Duration interval);
  [[nodiscard]] const LinkRates& rates() const { return rates_; }
  // When the link came up, or went down.
  [[nodiscard]] WallTime state_since() const { return state_since_; }
  // Bytes accepted and not yet delivered: ours by the peer, the peer's by us.
  [[nodiscard]] std::uint64_t undelivered_bytes() const;
  // Bytes of a group that this node has accepted as its source, and that the peer has not
  // delivered.
  [[nodiscard]] static std::uint64_t source_bytes(const Group& group) {
    const Flow flow = flow_of(group);
    return flow.given > flow.got ? flow.undelivered : 0;
  }
  // Where the programs of a group write: where more was given than got. Nothing: nothing was.
  [[nodiscard]] static std::optional<Side> writing_side(const Group& group) {
    const Flow flow = flow_of(group);
    if (flow.given == 0 && flow.got == 0) return std::nullopt;
    return flow.given > flow.got ? Side::here : Side::peer;
  }
  // What the peer lacks of a group, or of the whole link (null). A lost byte counts until newer
  // data of its route is there.
  [[nodiscard]] Lag lag(const Group* group) const;
  [[nodiscard]] Limit limited_by() const;
  // Whether bytes are stored for the peer.
  [[nodiscard]] HoleWatch::Waiting waiting_for_peer() const;

 private:
  // Of the streams of a group that are open. Where a guide can tell which bytes change the copy,
  // only these are counted as given and got: the others are answers.
  struct Flow {
    std::uint64_t given = 0;
    std::uint64_t got = 0;
    std::uint64_t undelivered = 0;
  };
  [[nodiscard]] static Flow flow_of(const Group& group);

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
