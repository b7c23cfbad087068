// SPDX-License-Identifier: Apache-2.0
// Lanes that the peer has dialled.
#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/uplink/uplink.h"

namespace longthrow {

void Uplink::say_bye(std::unique_ptr<Lane> lane, wire::ByeReason reason, const std::string& text) {
  ByteQueue record;
  wire::encode(wire::Bye{reason, text}, record);
  lane->send(record.view());
  lane->finish();
  parts_.closing.retire(std::move(lane));
}

void Uplink::turn_away(Applicant& applicant, const std::string& why) {
  say_bye(std::move(applicant.lane), wire::ByeReason::replaced, why);
}

void Uplink::on_incoming(std::unique_ptr<Lane> lane, const wire::Hello& hello) {
  lane->set_handler(*this);
  if (!owner_.wants_lanes())
    return say_bye(std::move(lane), wire::ByeReason::going_away, "the node is stopping");
  const std::optional<wire::Bye> own = owner_.own_bye();
  const bool fenced = own && own->reason == wire::ByeReason::fenced;
  if (own && !(fenced && planted(Plant::fence_lets_in))) {
    if (fenced) {
      parts_.log.say(now(), LogLevel::warning, "fenced",
                     format("link {}: {} ({}) was refused: this side was taken over; run "
                            "`longthrow release {}` to let it in again",
                            link_, lane->remote(), hello.node, link_));
    }
    return say_bye(std::move(lane), own->reason, own->text);
  }
  if (lane->index == 0) return judge_incoming(std::move(lane), hello);
  accept_bulk(std::move(lane), hello);
}

void Uplink::accept_bulk(std::unique_ptr<Lane> lane, const wire::Hello& hello) {
  const auto judgement = peering_.judge_bulk(hello, generation_);
  const bool accepted =
      judgement.verdict == Peering::Verdict::accept && up() && lane->index <= bulk_wanted_;
  if (!accepted) {
    note_reached(Mark::bulk_lane_too_late);
    return say_bye(std::move(lane), judgement.reason, judgement.text);
  }
  const auto answer = peering_.make_hello(wire::HelloRole::acceptor, lane->index, generation_,
                                          static_cast<std::uint16_t>(own_bulk_lanes()));
  if (auto sent = send_hello(*lane, answer); !sent) return discard(std::move(lane));
  bulk_up(std::move(lane));
}

void Uplink::judge_incoming(std::unique_ptr<Lane> lane, const wire::Hello& hello) {
  const Dial* own_dial = dialler_.find(0);
  using enum Peering::OwnHello;
  const bool hello_sent = own_dial != nullptr && own_dial->hello_sent();
  const auto judgement = peering_.judge_dial(hello, hello_sent ? sent : not_sent);
  if (judgement.challenges && up()) return begin_challenge(std::move(lane), hello);
  if (judgement.end_session)
    owner_.on_session_over({LossReason::peer_restarted, "the peer has restarted"});
  switch (judgement.verdict) {
    case Peering::Verdict::refuse:
      lanes_.count_end(judgement.code);
      parts_.log.say(now(), LogLevel::info, judgement.text,
                     format("link {}: refused {}: {}", link_, lane->remote(), judgement.text));
      if (!up()) down_reason_ = judgement.text;
      return say_bye(std::move(lane), judgement.reason, judgement.text);
    case Peering::Verdict::defer:
      if (deferred_.lane != nullptr) turn_away(deferred_, "a later attempt replaces it");
      deferred_ = {.lane = std::move(lane), .hello = hello};
      return;
    case Peering::Verdict::accept:
      break;
  }
  cancel_dials();
  if (up()) {
    note_reached(Mark::peer_connects_anew);
    down("the peer has connected anew");
  }
  peering_.adopt(hello);
  const auto answer = peering_.make_hello(wire::HelloRole::acceptor, 0, 0,
                                          static_cast<std::uint16_t>(own_bulk_lanes()));
  if (auto sent = send_hello(*lane, answer); !sent) return discard(std::move(lane));
  express_up(std::move(lane), hello, generation_of(hello.attempt, wire::HelloRole::acceptor));
}

// Ignored while we are paused or fenced ourselves: the text may be our own, reflected by the peer.
void Uplink::on_incoming_bye(const wire::Bye& bye) {
  const bool heeded =
      bye.reason == wire::ByeReason::paused || bye.reason == wire::ByeReason::fenced;
  if (!heeded || up() || owner_.own_bye()) return;
  const std::string reason = format("the peer said: {}", bye.text);
  if (reason != down_reason_)
    parts_.log.say(now(), LogLevel::warning, reason, format("link {}: {}", link_, reason));
  down_reason_ = reason;
  owner_.on_peer_bye(bye);
  if (bye.reason == wire::ByeReason::fenced && peering_.session_established())
    owner_.on_session_over(cause_of(bye));
}

}  // namespace longthrow
