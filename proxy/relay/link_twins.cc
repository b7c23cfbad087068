// SPDX-License-Identifier: Apache-2.0
// Another node says hello in the peer's name while the peer's express lane is up. Either the peer's
// machine has died without a word and runs again: then the old lane is silent for ever. Or there
// are two nodes of one name and key, a clone or both halves of a cluster: they would end each
// other's sessions as fast as they can dial. So the present peer is asked first, and the other
// waits for its answer.
#include "proxy/base/log.h"
#include "proxy/relay/link.h"

namespace longthrow {

void Link::begin_challenge(std::unique_ptr<Lane> lane, const wire::Hello& hello) {
  const bool another = challenger_lane_ != nullptr;
  if (another) {
    say_bye(std::move(challenger_lane_), wire::ByeReason::replaced, "a later attempt replaces it");
  }
  challenger_lane_ = std::move(lane);
  challenger_hello_ = hello;
  if (another) return;  // it gets the answer to the question that was asked already
  challenge_began_ = loop_.now();
  loop_.arm(challenge_timer_, loop_.now() + kChallengeTime);
  session_->set_wall_clock(wall_ns());
  session_->request_heartbeat();
  wake();
}

// The peer has answered a heartbeat.
void Link::on_peer_alive(std::uint64_t asked_at_ns) {
  const auto began_ns = static_cast<std::uint64_t>(challenge_began_.time_since_epoch().count());
  if (challenger_lane_ == nullptr || asked_at_ns < began_ns) return;
  loop_.disarm(challenge_timer_);
  const std::string text = format(
      "another node called \"{}\" with the same key is connected from {} and answers: two nodes "
      "must not have one [node] name",
      challenger_hello_.node, express_->remote());
  const std::string host =
      challenger_lane_->remote().substr(0, challenger_lane_->remote().rfind(':'));
  if (const auto kept_back = repeats_.ask(loop_.now(), host + text)) {
    log_warning("link {}: {} was refused: {}{}", name_, challenger_lane_->remote(), text,
                kept_back_note(*kept_back));
  }
  say_bye(std::move(challenger_lane_), wire::ByeReason::refused, text);
}

void Link::on_challenge_over() {
  if (challenger_lane_ == nullptr) return;
  if (express_ != nullptr) {
    link_down("the peer is silent, and its node has been started again");
    loop_.disarm(challenge_timer_);
  }
  on_incoming(std::move(challenger_lane_), challenger_hello_);
}

void Link::drop_challenger() {
  loop_.disarm(challenge_timer_);
  if (challenger_lane_ == nullptr) return;
  challenger_lane_->drop();
  context_.closing_list.retire(std::move(challenger_lane_));
}

}  // namespace longthrow
