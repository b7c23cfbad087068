// SPDX-License-Identifier: Apache-2.0
// Judges whether the copy that one route makes can be trusted, by how its channels ended, and by
// the channels that came later. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "longthrow/config.h"
#include "longthrow/time.h"
#include "proxy/losses/channel_end.h"

namespace longthrow {

class RouteHealth {
 public:
  // A channel of the route has carried bytes.
  void on_carried() { carried_ = true; }
  [[nodiscard]] bool carried() const { return carried_; }
  // REQUIRES: the channel has carried bytes.
  void on_end(const ChannelEnd& end);

  // A channel that carried bytes has ended in order, and all of them are delivered. This makes good
  // what was lost before the channel was opened, as an open channel does that has caught up.
  void on_whole_channel(std::uint64_t serial);

  struct OpenChannel {
    std::uint64_t serial = 0;
    std::uint64_t carried_bytes = 0;  // both directions
    std::uint64_t waiting_bytes = 0;  // not received by the peer, or received here and not
                                      // delivered
  };
  // A loss is over when a channel that came after it has carried bytes and has none waiting.
  void observe(std::span<const OpenChannel> channels);

  // What the peer lacks because of losses that are not over. It counts as lag until then, whatever
  // became of the connections.
  struct Lacking {
    std::uint64_t bytes = 0;
    std::optional<TimePoint> oldest_at;
  };
  [[nodiscard]] Lacking lacking() const;
  // Whether a loss is not over. Then the copy here is no newer than before the loss.
  [[nodiscard]] bool lost() const { return loss_.has_value(); }

  // An administrator vouches for the copy: losses so far are over.
  void accept() {
    loss_.reset();
    trifle_.reset();
  }

  // Why the copy cannot be trusted; "": no reason is known.
  [[nodiscard]] std::string trouble(RouteProtocol protocol, std::size_t open_channels) const;

 private:
  struct Loss {
    std::uint64_t bytes = 0;
    Lacking lacking;
    std::uint64_t newest_serial = 0;
    std::string reason;
  };
  bool carried_ = false;
  std::optional<Loss> loss_;
  std::optional<Loss> trifle_;
};

}  // namespace longthrow
