// SPDX-License-Identifier: Apache-2.0
// Another node says hello in the peer's name while the peer's express lane is up. There are two
// cases. The peer's machine may have died without a FIN and runs again; the old lane then stays
// silent for ever. Or two nodes have one name and key: a clone, or both halves of a cluster. These
// would end each other's sessions as fast as they can dial. So this node asks the present peer
// first, and the other one waits for the answer.
#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/uplink/uplink.h"

namespace longthrow {

void Uplink::begin_challenge(std::unique_ptr<Lane> lane, const wire::Hello& hello) {
  const bool another = challenger_.lane != nullptr;
  if (another) turn_away(challenger_, "a later attempt replaces it");
  note_reached(Mark::peer_challenged);
  challenger_ = {.lane = std::move(lane), .hello = hello};
  if (another) return;  // the question under way decides for the new lane, too
  challenge_began_ = now();
  loop_.arm(challenge_timer_, now() + kChallengeTime);
  owner_.ask_peer();
}

void Uplink::on_peer_alive(std::uint64_t asked_at_ns) {
  const auto began_ns = static_cast<std::uint64_t>(challenge_began_.time_since_epoch().count());
  if (challenger_.lane == nullptr || asked_at_ns < began_ns) return;
  loop_.disarm(challenge_timer_);
  const std::string text = format(
      "another node called \"{}\" with the same key is connected from {} and answers: two nodes "
      "must not have one [node] name",
      challenger_.hello.node, lanes_.express()->remote());
  const std::string& remote = challenger_.lane->remote();
  parts_.log.say(now(), LogLevel::warning, remote.substr(0, remote.rfind(':')) + text,
                 format("link {}: {} was refused: {}", link_, remote, text));
  say_bye(std::move(challenger_.lane), wire::ByeReason::refused, text);
}

void Uplink::on_challenge_over() {
  if (challenger_.lane == nullptr) return;
  if (up()) {
    note_reached(Mark::challenger_wins);
    down("the peer is silent, and its node has been started again");
    loop_.disarm(challenge_timer_);
  }
  on_incoming(std::move(challenger_.lane), challenger_.hello);
}

}  // namespace longthrow
