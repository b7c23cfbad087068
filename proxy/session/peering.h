// SPDX-License-Identifier: Apache-2.0
// Decides which connection may be a lane of this link: hellos, ties between both sides' dials,
// fencing of older attempts, and which session is resumed (PROTOCOL.md, section 3).
//
// Pure. A node has one Peering for each link; it outlives sessions. The rules:
// - A hello with this node's own name or incarnation is refused: an attacker can reflect our own
//   hello to us under a pre-shared key (RFC 9257, section 4.1).
// - The dialler's hello asks, the acceptor's hello is the acceptance.
// - `attempt` counts a node's own dials of the express lane, and each hello carries it. A dial that
//   began before the present express lane came up is thus known to be stale. A dial that began
//   after it means that the peer has lost the present lane: the new lane replaces the present one
//   and all its bulk lanes.
// - If both dial at once, the lane dialled by the node with the lower name stays: that node defers
//   the other's hello until its own dial has ended.
// - A session is two halves, one drawn by each node. It is resumed if each node knows the other's
//   half correctly, or does not know it yet. A node that has ended its session draws a new half.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "longthrow/error.h"
#include "longthrow/random_source.h"
#include "longthrow/time.h"
#include "proxy/session/channel_core.h"
#include "proxy/wire/records.h"

namespace longthrow {

using Incarnation = std::array<std::byte, 16>;

// The delays between dials. They double from 100 ms; each is drawn from its upper half, so that two
// sides never stay in step.
class Backoff {
 public:
  // For a peer that does not answer, or a link that was up before: after a cut, however long, the
  // link is up within a second.
  static constexpr Duration kLastOfKnown = std::chrono::milliseconds(500);
  // For a name that has no address, or a peer that answered without a link coming up: such a fault
  // does not end by itself.
  static constexpr Duration kLast = std::chrono::seconds(5);
  // For a peer that has refused us.
  static constexpr Duration kLastOfRefused = std::chrono::seconds(30);

  [[nodiscard]] Duration next(RandomSource& random, Duration last = kLast);
  void reset() { step_ = kFirst; }

 private:
  static constexpr Duration kFirst = std::chrono::milliseconds(100);
  Duration step_ = kFirst;
};

class Peering {
 public:
  enum class Verdict : std::uint8_t {
    accept,
    defer,   // our own dial decides: judge this hello again when it has ended
    refuse,  // say bye with `reason` and `text`
  };
  enum class OwnHello : std::uint8_t { not_sent, sent };  // by the dial that is under way here
  struct Judgement {
    Verdict verdict = Verdict::refuse;
    bool end_session = false;  // do this first: the peer is not the one of our session
    // Another node under the peer's name while the peer's lane is up: either the peer died silently
    // and was started again, or two nodes have this name. The caller finds out which before it ends
    // the session.
    bool challenges = false;
    wire::ByeReason reason = wire::ByeReason::refused;
    std::string text;
    ErrorCode code = ErrorCode::other;  // `protocol`: no correct node sends this
  };

  Peering(std::string node, const Incarnation& incarnation, RandomSource& random);

  // A new dial of the express lane begins: counts it.
  void begin_dial() { ++own_attempt_; }
  // The hello to send. `own_bulk_lanes`: how many we would like.
  [[nodiscard]] wire::Hello make_hello(wire::HelloRole role, std::uint16_t lane,
                                       std::uint64_t generation,
                                       std::uint16_t own_bulk_lanes) const;

  // A dialler's hello for an express lane. `own_hello_sent`: a dial of ours waits for its answer.
  [[nodiscard]] Judgement judge_dial(const wire::Hello& hello, OwnHello own) const;
  // The acceptor's hello on an express lane that we dialled.
  [[nodiscard]] Judgement judge_answer(const wire::Hello& hello) const;
  // A dialler's hello for a bulk lane, or the answer to ours. `generation` is that of the express
  // lane which is up, 0 if none is.
  [[nodiscard]] Judgement judge_bulk(const wire::Hello& hello, std::uint64_t generation) const;

  // The express lane with this hello is up: the peer is known from now on.
  void adopt(const wire::Hello& hello);
  // Our session has ended: the next one gets a new half, the peer's half is forgotten.
  void begin_session();

  [[nodiscard]] const std::string& peer_node() const { return peer_node_; }
  [[nodiscard]] bool session_established() const { return peer_half_ != 0; }
  [[nodiscard]] bool lower_name() const { return node_ < peer_node_; }
  [[nodiscard]] ChannelNumbers own_numbers() const {
    return lower_name() ? ChannelNumbers::even : ChannelNumbers::odd;
  }

 private:
  [[nodiscard]] std::optional<Judgement> refuse_stranger(const wire::Hello& hello) const;
  [[nodiscard]] bool halves_agree(const wire::Hello& hello) const;

  std::string node_;
  Incarnation incarnation_;
  RandomSource& random_;
  std::uint64_t own_attempt_ = 0;
  std::uint64_t own_half_ = 0;
  std::string peer_node_;
  Incarnation peer_incarnation_{};
  std::uint64_t peer_half_ = 0;     // 0: not known
  std::uint64_t peer_attempt_ = 0;  // the peer's dials up to this one are stale
};

}  // namespace longthrow
