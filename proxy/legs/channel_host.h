// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "longthrow/loop.h"
#include "proxy/ingest/ingest.h"
#include "proxy/session/channel_core.h"

namespace longthrow {

class Channel;

// What a channel needs of its link.
class ChannelHost {
 public:
  virtual ~ChannelHost() = default;
  [[nodiscard]] virtual Loop& loop() = 0;
  // What is read goes there.
  [[nodiscard]] virtual Ingest& ingest() = 0;
  // May the leg be read at all now?
  [[nodiscard]] virtual bool reading_allowed(const Channel& channel) const = 0;
  // The link is down, but the session stays: the peer's program cannot be reached.
  [[nodiscard]] virtual bool in_outage() const = 0;
  [[nodiscard]] virtual std::int64_t wall_ns() const = 0;
  [[nodiscard]] virtual Duration abort_linger() const = 0;
  // Where bytes that nobody wants are read to.
  [[nodiscard]] virtual ByteSpan garbage() = 0;

  // Acknowledged by the leg's TCP, also after the session.
  virtual void channel_delivered(Channel& channel, std::uint64_t offset) = 0;
  // Commands to the session, while the channel is attached.
  virtual void channel_read(Channel& channel, std::uint64_t bytes) = 0;
  virtual void channel_written(Channel& channel, std::uint64_t bytes) = 0;
  virtual void channel_end(Channel& channel, EndKind kind) = 0;
  virtual void channel_stop(Channel& channel) = 0;
  // What it carries must not wait behind bulk data.
  virtual void channel_is_express(Channel& channel) = 0;
  // The leg is closed, and the channel may be forgotten as soon as its session agrees.
  virtual void channel_closed(Channel& channel) = 0;
};

}  // namespace longthrow
