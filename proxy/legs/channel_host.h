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
  // Gets what is read.
  [[nodiscard]] virtual Ingest& ingest() = 0;
  // Whether the leg may be read now.
  [[nodiscard]] virtual bool reading_allowed(const Channel& channel) const = 0;
  // Whether the link is down while the session stays: the peer's program cannot be reached.
  [[nodiscard]] virtual bool in_outage() const = 0;
  [[nodiscard]] virtual std::int64_t wall_ns() const = 0;
  [[nodiscard]] virtual Duration abort_linger() const = 0;
  // A place for bytes that are read and thrown away.
  [[nodiscard]] virtual ByteSpan garbage() = 0;

  // The leg's TCP has acknowledged all bytes below `offset`. Called also after the session.
  virtual void channel_delivered(Channel& channel, std::uint64_t offset) = 0;
  // Commands to the session, while the channel is attached.
  virtual void channel_read(Channel& channel, std::uint64_t bytes) = 0;
  virtual void channel_written(Channel& channel, std::uint64_t bytes) = 0;
  virtual void channel_end(Channel& channel, EndKind kind) = 0;
  virtual void channel_stop(Channel& channel) = 0;
  // The bytes of `channel` must not wait behind bulk data.
  virtual void channel_is_express(Channel& channel) = 0;
  // The leg is closed. The channel may be forgotten as soon as its session agrees.
  virtual void channel_closed(Channel& channel) = 0;
};

}  // namespace longthrow
