// SPDX-License-Identifier: Apache-2.0
#include "proxy/session/peering.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/marks.h"

namespace longthrow {
namespace {

Peering::Judgement accepted(bool end_session = false) {
  return {.verdict = Peering::Verdict::accept, .end_session = end_session};
}

// A hello that no correct node sends.
Peering::Judgement out_of_place(std::string text) {
  return {.verdict = Peering::Verdict::refuse,
          .reason = wire::ByeReason::refused,
          .text = std::move(text),
          .code = ErrorCode::protocol};
}

Peering::Judgement refused(wire::ByeReason reason, std::string text, bool end_session = false) {
  return {.verdict = Peering::Verdict::refuse,
          .end_session = end_session,
          .reason = reason,
          .text = std::move(text)};
}

}  // namespace

Duration Backoff::next(RandomSource& random, Duration last) {
  step_ = std::min(step_, last);
  const Duration half = step_ / 2;
  const Duration delay = half + Duration(static_cast<Duration::rep>(
                                    random.below(static_cast<std::uint64_t>(half.count()) + 1)));
  step_ *= 2;
  return delay;
}

Peering::Peering(std::string node, const Incarnation& incarnation, RandomSource& random)
    : node_(std::move(node)), incarnation_(incarnation), random_(random) {
  begin_session();
}

wire::Hello Peering::make_hello(wire::HelloRole role, std::uint16_t lane, std::uint64_t generation,
                                std::uint16_t own_bulk_lanes) const {
  return {.role = role,
          .lane = lane,
          .bulk_lanes = own_bulk_lanes,
          .attempt = own_attempt_,
          .generation = generation,
          .incarnation = incarnation_,
          .session = own_half_,
          .peer_session = peer_half_,
          .node = node_};
}

std::optional<Peering::Judgement> Peering::refuse_stranger(const wire::Hello& hello) const {
  if (hello.node == node_ || hello.incarnation == incarnation_) {
    return refused(
        wire::ByeReason::refused,
        format("the peer calls itself \"{}\", which is this node's own name: our own hello "
               "came back, or both nodes have the same [node] name",
               hello.node));
  }
  if (hello.protocol_min > wire::kProtocolMax || hello.protocol_max < wire::kProtocolMin) {
    return refused(
        wire::ByeReason::refused,
        format("no common protocol: the peer speaks {} to {}, this node {} to {}; upgrade "
               "the older one",
               hello.protocol_min, hello.protocol_max, wire::kProtocolMin, wire::kProtocolMax));
  }
  return std::nullopt;
}

bool Peering::halves_agree(const wire::Hello& hello) const {
  return peer_half_ == 0 || (peer_half_ == hello.session &&
                             peer_incarnation_ == hello.incarnation && peer_node_ == hello.node);
}

Peering::Judgement Peering::judge_dial(const wire::Hello& hello, OwnHello own) const {
  if (auto refusal = refuse_stranger(hello)) return *refusal;
  if (hello.role != wire::HelloRole::dialler || hello.lane != 0) {
    return out_of_place("a hello of the wrong role or lane");
  }
  const bool same_peer = hello.incarnation == peer_incarnation_;
  if (same_peer && hello.attempt <= peer_attempt_) {
    note_reached(Mark::old_attempt_refused);
    return refused(wire::ByeReason::replaced, "a later attempt has replaced this one");
  }
  const bool stays = own == OwnHello::sent && node_ < hello.node;
  if (stays) note_reached(Mark::dials_cross);
  if (stays) return {.verdict = Verdict::defer};
  const bool end_session = !halves_agree(hello);
  const bool challenges = end_session && !same_peer && hello.node == peer_node_;
  // The peer wants to resume a session that has ended here, or that this hello ends.
  const bool peer_is_stale =
      hello.peer_session != 0 && (end_session || hello.peer_session != own_half_);
  if (peer_is_stale) {
    note_reached(Mark::session_ended_here_alone);
    auto judgement = refused(wire::ByeReason::stale_session, "that session has ended", end_session);
    judgement.challenges = challenges;
    return judgement;
  }
  auto judgement = accepted(end_session);
  judgement.challenges = challenges;
  return judgement;
}

Peering::Judgement Peering::judge_answer(const wire::Hello& hello) const {
  if (auto refusal = refuse_stranger(hello)) return *refusal;
  if (hello.role != wire::HelloRole::acceptor || hello.lane != 0) {
    return out_of_place("an answer of the wrong role or lane");
  }
  // Our session ended while the answer was on its way: the peer answers a hello that is no longer
  // valid.
  if (hello.peer_session != own_half_) {
    return refused(wire::ByeReason::stale_session, "that session has ended");
  }
  if (!halves_agree(hello)) {
    return refused(wire::ByeReason::stale_session, "that session has ended", true);
  }
  return accepted();
}

Peering::Judgement Peering::judge_bulk(const wire::Hello& hello, std::uint64_t generation) const {
  if (auto refusal = refuse_stranger(hello)) return *refusal;
  const bool belongs = generation != 0 && hello.generation == generation &&
                       hello.incarnation == peer_incarnation_ && hello.session == peer_half_ &&
                       hello.peer_session == own_half_;
  if (!belongs) {
    return refused(wire::ByeReason::replaced, "its express lane has been replaced");
  }
  return accepted();
}

void Peering::adopt(const wire::Hello& hello) {
  peer_node_ = hello.node;
  if (peer_incarnation_ != hello.incarnation) peer_attempt_ = 0;
  peer_incarnation_ = hello.incarnation;
  peer_half_ = hello.session;
  peer_attempt_ = std::max(peer_attempt_, hello.attempt);
}

void Peering::begin_session() {
  do {
    own_half_ = random_.next_u64();
  } while (own_half_ == 0);
  peer_half_ = 0;
}

}  // namespace longthrow
