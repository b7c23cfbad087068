// SPDX-License-Identifier: Apache-2.0
// What is next for a leg when nothing can be written to it now: the table "How an end travels" of
// ARCHITECTURE.md, as one function. Pure.
#pragma once

#include <cstdint>

namespace longthrow {

// The end of the peer's bytes, when all before it are handed over.
enum class PeersEnd : std::uint8_t {
  open,   // it has not come, or not all before it is handed over
  fin,    // in order
  abort,  // not in order, or some bytes before it were thrown away
};

struct LegFacts {
  bool attached = true;             // its session is there
  bool write_failed = false;        // nothing can be written to it any more
  bool said_last = false;           // it will say nothing more
  bool end_held = false;            // by the guide
  bool limit_reached = false;       // what is released for it is handed over (a takeover)
  bool fin_written = false;         // to it
  PeersEnd peers_end{};             // of what is written to it
  bool more_is_here = false;        // bytes for it
  bool peer_takes_no_more = false;  // of what it says
  bool peer_has_its_end = false;    // of what it has said
};

enum class LegEnd : std::uint8_t {
  wait,
  write_fin,  // half-close it; then ask again
  finish,     // both ends are in order: close it when its TCP has acknowledged all bytes
  abort,      // reset it when its TCP and its program have taken what they were handed
  reset,      // now: nothing can be handed over any more
};

[[nodiscard]] constexpr LegEnd next_end(const LegFacts& leg) {
  // What the leg still says is read to its end.
  if (leg.write_failed) return leg.said_last || !leg.attached ? LegEnd::reset : LegEnd::wait;
  if (leg.end_held) return LegEnd::wait;
  if (leg.limit_reached) return LegEnd::abort;
  if (!leg.attached) {
    if (leg.more_is_here) return LegEnd::wait;
    const bool both_in_order =
        leg.peers_end == PeersEnd::fin && leg.fin_written && leg.said_last && leg.peer_has_its_end;
    return both_in_order ? LegEnd::finish : LegEnd::abort;
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
