// SPDX-License-Identifier: Apache-2.0
// Decides what to do with a leg when nothing can be written to it now. It is the table "How an end
// travels" of ARCHITECTURE.md as one function. Pure.
#pragma once

#include <cstdint>

#include "proxy/base/planted.h"

namespace longthrow {

// The end of the peer's bytes, when all before it are handed over.
enum class PeersEnd : std::uint8_t {
  open,   // the end has not come, or bytes before it are not handed over
  fin,    // in order
  abort,  // not in order, or some bytes before it were thrown away
};

struct LegFacts {
  bool attached = true;             // its session exists
  bool write_failed = false;        // the leg cannot be written any more
  bool said_last = false;           // the program here has ended its stream, or broken
  bool end_held = false;            // the guide holds the end back
  bool limit_reached = false;       // all that a takeover has released is handed over
  bool fin_written = false;         // a FIN was written to the leg
  PeersEnd peers_end{};             // the end of the bytes for the leg
  bool more_is_here = false;        // bytes for the leg wait
  bool peer_takes_no_more = false;  // the peer takes no more of the leg's bytes
  bool peer_has_its_end = false;    // the peer has the end of the leg's bytes
};

enum class LegEnd : std::uint8_t {
  wait,
  write_fin,  // half-close it; then ask again
  finish,     // both ends are in order: close it when its TCP has acknowledged all bytes
  abort,      // reset it when its TCP and its program have taken what they were handed
  reset,      // reset it now: nothing can be handed over any more
};

[[nodiscard]] constexpr LegEnd next_end(const LegFacts& leg) {
  // A broken leg is still read to its end.
  if (leg.write_failed) return leg.said_last || !leg.attached ? LegEnd::reset : LegEnd::wait;
  if (leg.end_held) return LegEnd::wait;
  if (leg.limit_reached) return LegEnd::abort;
  if (!leg.attached) {
    if (leg.more_is_here) return LegEnd::wait;
    const bool both_in_order =
        leg.peers_end == PeersEnd::fin && leg.fin_written && leg.said_last && leg.peer_has_its_end;
    const bool finishes = both_in_order || planted(Plant::session_end_is_clean);
    return finishes ? LegEnd::finish : LegEnd::abort;
  }
  switch (leg.peers_end) {
    case PeersEnd::open:
      return LegEnd::wait;
    case PeersEnd::abort:
      return LegEnd::abort;
    case PeersEnd::fin:
      break;
  }
  if (leg.peer_takes_no_more) return LegEnd::abort;
  if (!leg.fin_written) return LegEnd::write_fin;
  return leg.said_last ? LegEnd::finish : LegEnd::wait;
}

}  // namespace longthrow
