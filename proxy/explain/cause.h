// SPDX-License-Identifier: Apache-2.0
// Why a link or a group lags, or its source is slowed. The words are a contract: `longthrow explain
// --json` shows them.
#pragma once

#include <cstdint>
#include <string_view>

#include "longthrow/status_words.h"

namespace longthrow::explain {

enum class Cause : std::uint8_t {
  nothing,         // all that the source gives is sent
  source_idle,     // nothing is given
  wan_full,        // the WAN carries no more
  loss,            // the WAN loses packets, and no queue is the reason
  receive_window,  // the peer's kernel lets no more be under way
  send_buffer,     // our kernel's send buffer is too small for the round trip
  bandwidth,       // the setting `bandwidth`
  cpu,             // compression, with what `auto` has chosen
  codec,           // compression, with a codec that is set
  target,          // the program that takes the bytes does not take them
  receive_share,   // the peer has too little memory for what is under way to its target
  buffer_full,     // all of the buffer is under way: it is too small for rate and round trip
  nothing_passes,  // the link is up, and no data gets through
  link_down,
  paused,
  held,
  fenced,
};

// What comes of it for the program that gives the bytes.
enum class Effect : std::uint8_t {
  keeps_up,  // nothing lags but what is under way
  lag_grows,
  lag_stays,
  lag_shrinks,
  source_slowed,   // the buffer is full
  source_stopped,  // nothing is read of it
  copy_waits,      // none here: bytes of the peer wait for the target beside this node
};

namespace words {
inline constexpr std::string_view kCauses[]{
    "nothing",        "source_idle", "wan_full", "loss",   "receive_window", "send_buffer",
    "bandwidth",      "cpu",         "codec",    "target", "receive_share",  "buffer_full",
    "nothing_passes", "link_down",   "paused",   "held",   "fenced"};
inline constexpr std::string_view kEffects[]{"keeps_up",    "lag_grows",     "lag_stays",
                                             "lag_shrinks", "source_slowed", "source_stopped",
                                             "copy_waits"};
}  // namespace words

}  // namespace longthrow::explain

namespace longthrow {
template <>
inline constexpr std::span<const std::string_view> kWords<explain::Cause>{explain::words::kCauses};
template <>
inline constexpr std::span<const std::string_view> kWords<explain::Effect>{
    explain::words::kEffects};
}  // namespace longthrow
