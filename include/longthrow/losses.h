// SPDX-License-Identifier: Apache-2.0
// Bytes that a node had accepted and that were not delivered: what its ledger of losses holds.
// Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "longthrow/error.h"
#include "longthrow/time.h"

namespace longthrow {

enum class LossReason : std::uint8_t {
  session_timeout,      // the link was down for longer than session_timeout
  session_ended,        // the peer knows nothing of the session any more
  peer_restarted,       // the peer's process ended, and what it held was lost with it
  peer_stopped,         // the peer's administrator stopped it
  node_stopped,         // this node's administrator stopped it
  node_killed,          // this node's last process ended without being stopped
  takeover,             // at either end
  program_closed,       // the program here closed its connection, or reset it
  peer_program_closed,  // the program at the peer did, or the peer gave it up: the peer's ledger
                        // says why
  target_unreachable,   // no connection to the target could be made
  target_stuck,         // the program here took nothing for abort_linger
  pair_ended,           // the other one of DRBD's two connections was closed
  route_removed,        // a reload removed the route, or gave it another group or protocol
  refused,              // the connection was not served here, or waited for the link in vain
  corrupt,              // memory went bad: a frame failed its checksum three times
  unconfirmed,          // the peer did not say whether its target took the last bytes
  partial_epoch,        // the peer's session ended in the midst of an epoch of a group
};
inline constexpr std::size_t kLossReasons = static_cast<std::size_t>(LossReason::partial_epoch) + 1;
// The enumerator's name: "session_timeout".
[[nodiscard]] std::string_view to_string(LossReason reason);
[[nodiscard]] std::optional<LossReason> parse_loss_reason(std::string_view word);

struct LossCause {
  LossReason reason = LossReason::unconfirmed;
  std::string text;  // for people
};

enum class LossPlace : std::uint8_t {
  to_peer,      // accepted from a program here, and not known to be delivered at the peer
  undelivered,  // received from the peer, and not taken by the program here
};
[[nodiscard]] std::string_view to_string(LossPlace place);

// minor: only the last bytes of a connection that was given up (a farewell, an error's text); they
// raise no alarm.
enum class LossWeight : std::uint8_t { full, minor };
[[nodiscard]] std::string_view to_string(LossWeight weight);

// What connections of one route lost at one time for one reason.
struct Loss {
  std::uint64_t number = 0;  // in the ledger, from 1
  WallTime at{};
  std::string link;
  std::string group;
  std::string route;  // these three are "" of a loss of the whole node
  LossPlace place = LossPlace::to_peer;
  LossReason reason = LossReason::unconfirmed;
  LossWeight weight = LossWeight::full;
  std::uint64_t channels = 0;
  std::optional<std::uint64_t> bytes;  // nothing: not known
  std::uint64_t perhaps_delivered_bytes =
      0;                           // of `bytes`: sent, but not known whether they were delivered
  std::optional<double> oldest_s;  // how old the oldest of them was; nothing: not known
  std::string text;                // the cause, for people
};

// Losses of full weight since the node's start.
struct LossCount {
  std::string link;
  std::string group;
  LossReason reason = LossReason::unconfirmed;
  std::uint64_t losses = 0;
  std::uint64_t bytes = 0;
};

// The ledger in short; only losses of full weight.
struct LossSummary {
  WallTime since{};          // the ledger's beginning
  std::uint64_t losses = 0;  // since then
  std::uint64_t bytes = 0;   // of those whose bytes are known
  std::optional<Loss> last;
  std::vector<LossCount> counts;
  std::string not_kept;  // why the ledger is not on the disk; "": it is
};

// An extract of the ledger, the oldest first.
struct LossReport {
  WallTime since{};  // the ledger's beginning
  std::vector<Loss> losses;
  std::uint64_t minor_left_out = 0;  // left out, since the question did not ask for them
  std::uint64_t forgotten = 0;       // number of the oldest, which the ledger has no room for
  std::uint64_t forgotten_bytes = 0;
  std::string not_kept;
};

}  // namespace longthrow
