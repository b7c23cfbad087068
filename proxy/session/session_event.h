// SPDX-License-Identifier: Apache-2.0
// What a session tells its owner, and the words in which it is spoken to.
#pragma once

#include <cstdint>

#include "proxy/session/channel_core.h"

namespace longthrow {

struct SessionEvent {
  enum class Kind : std::uint8_t {
    opened,          // the peer opened `channel`
    readable,        // channel->in has new bytes or its end
    stopped,         // the peer takes no more bytes of channel->out; its backlog is dropped
    end_acked,       // the end of channel->out is received, or more is delivered: release it?
    corrupt,         // a frame failed its checksum too often: the channel must be aborted
    routes_changed,  // standing() may have changed
    acked,           // frames were acknowledged: memory is free
    credit,          // more credit
  };
  Kind kind;
  ChannelCore* channel = nullptr;  // null for the last three
};

enum class LaneKind : std::uint8_t { express, bulk };

enum class FrameFate : std::uint8_t {
  take,  // verify the payload and call on_data
  done,  // nothing more to do with it
};

}  // namespace longthrow
