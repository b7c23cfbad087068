// SPDX-License-Identifier: Apache-2.0
// Can the copy that one route makes be trusted? Judged from what its channels left behind when they
// ended, and from those that came after. Pure.
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

  // A channel that carried bytes has ended in order, and all of them are delivered: what was lost
  // before it was opened is made good, as by one that is open and has caught up.
  void on_whole_channel(std::uint64_t serial);

  struct OpenChannel {
    std::uint64_t serial = 0;
    std::uint64_t carried_bytes = 0;  // both directions
    std::uint64_t waiting_bytes = 0;  // accepted at this end and not received by the other, or
                                      // received here and not delivered
  };
  // A loss is over when a channel that came after it has carried bytes and nothing of it waits.
  void observe(std::span<const OpenChannel> channels);

  // What the peer lacks because of losses that are not over: it stays lag until then, whatever has
  // become of the connection.
  struct Lacking {
    std::uint64_t bytes = 0;
    std::optional<TimePoint> oldest_at;
  };
  [[nodiscard]] Lacking lacking() const;
  // A loss is not over: what is here of the route is no newer than before it.
  [[nodiscard]] bool lost() const { return loss_.has_value(); }

  // Why the copy is not to be trusted; "" if nothing is against it.
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
