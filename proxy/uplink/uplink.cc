// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/uplink.h"

#include <algorithm>
#include <vector>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

long whole_seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace

LossCause cause_of(const wire::Bye& bye) {
  using enum LossReason;
  const LossReason reason = bye.reason == wire::ByeReason::going_away ? peer_stopped
                            : bye.reason == wire::ByeReason::fenced   ? takeover
                                                                      : session_ended;
  return {reason, format("the peer said: {}", bye.text)};
}

Uplink::Uplink(Parts parts, UplinkOwner& owner, std::string link, const LinkConfig& config)
    : parts_(std::move(parts)),
      owner_(owner),
      loop_(parts_.node.loop),
      link_(std::move(link)),
      config_(config),
      peering_(parts_.node_name, parts_.incarnation, parts_.node.random),
      pacing_(loop_, lanes_),
      dialler_(loop_, parts_.closing, [this](std::uint16_t lane_index) { begin_dial(lane_index); }),
      next_heartbeat_(loop_.now()) {
  challenge_timer_.bind<&Uplink::on_challenge_over>(this);
}

Uplink::~Uplink() { loop_.disarm(challenge_timer_); }

// --- dialling

int Uplink::own_bulk_lanes() const { return config_.lanes > 0 ? config_.lanes : kAutoBulkLanes; }

std::uint64_t Uplink::generation_of(std::uint64_t attempt, wire::HelloRole role) const {
  return attempt * 2 + ((role == wire::HelloRole::dialler) == peering_.lower_name() ? 1 : 0);
}

DialOptions Uplink::dial_options(std::uint16_t lane_index) const {
  DialOptions options{.names = config_.connect,
                      .source = config_.source,
                      .usual_source = config_.listen,
                      .congestion = config_.congestion,
                      .lane_index = lane_index};
  if (ever_up_) {  // the addresses and the round trip are known
    const Duration rtt = owner_.rtt().value_or(Duration(0));
    options.connect_timeout = std::clamp(rtt * 3, kConnectTimeoutOfKnown, Dial::kConnectTimeout);
    options.answer_timeout = std::clamp(rtt * 8, kAnswerTimeoutOfKnown, Dial::kAnswerTimeout);
  }
  return options;
}

void Uplink::begin_dial(std::uint16_t lane_index) {
  const bool wanted = lane_index == 0 ? !up() : up() && lanes_.find_bulk(lane_index) == nullptr;
  const std::optional<wire::Bye> only_bye = owner_.own_bye();
  if (!wanted || config_.connect.empty() || !owner_.wants_lanes() ||
      (only_bye && lane_index != 0) || dialler_.find(lane_index) != nullptr) {
    return;
  }
  if (lane_index == 0 && !only_bye) peering_.begin_dial();
  DialOptions options = dial_options(lane_index);
  options.only_bye = only_bye;
  dialler_.begin(std::make_unique<Dial>(loop_, *this, std::move(options),
                                        [this] { return parts_.node.tls.client(link_); }));
}

wire::Hello Uplink::dial_hello(Dial& dial) {
  const auto lanes = static_cast<std::uint16_t>(own_bulk_lanes());
  const bool express = dial.lane_index() == 0;
  wire::Hello hello = peering_.make_hello(wire::HelloRole::dialler, dial.lane_index(),
                                          express ? 0 : generation_, lanes);
  if (express) dial_attempt_ = hello.attempt;
  return hello;
}

void Uplink::on_dial_answered(Dial& dial, std::unique_ptr<Lane> lane, const wire::Hello& hello) {
  const std::uint16_t index = dial.lane_index();
  dialler_.retire(dial);
  const auto judgement =
      index == 0 ? peering_.judge_answer(hello) : peering_.judge_bulk(hello, generation_);
  if (judgement.end_session)
    owner_.on_session_over({LossReason::peer_restarted, "the peer has restarted"});
  if (judgement.verdict != Peering::Verdict::accept) {
    lanes_.count_end(judgement.code);
    parts_.log.say(now(), LogLevel::warning, judgement.text,
                   format("link {}: {}: {}", link_, lane->remote(), judgement.text));
    const bool refused = judgement.reason == wire::ByeReason::refused;
    say_bye(std::move(lane), judgement.reason, judgement.text);
    dialler_.dial_at(index,
                     now() + (refused ? backoff_.next(parts_.node.random, Backoff::kLastOfRefused)
                                      : redial_delay()));
    return;
  }
  if (index != 0) return bulk_up(std::move(lane));
  peering_.adopt(hello);
  express_up(std::move(lane), hello, generation_of(dial_attempt_, wire::HelloRole::dialler));
}

void Uplink::on_dial_failed(Dial& dial, const Error& why, std::optional<wire::Bye> bye) {
  lanes_.count_end(why.code);
  const std::uint16_t index = dial.lane_index();
  dialler_.retire(dial);
  if (dial.only_says_bye()) {
    const Duration again = backoff_.next(parts_.node.random);
    return tell_peer_after(!owner_.own_bye() ? Duration(0) : dial.told() ? kSayAgain : again);
  }
  Duration delay = delay_after(dial, bye);
  if (index == 0) {
    on_express_dial_failed(dial, why.message, bye);
    if (bye && bye->reason == wire::ByeReason::stale_session && peering_.session_established()) {
      owner_.on_session_over({LossReason::session_ended, "the peer has ended the session"});
      delay = Duration(0);
    }
  }
  dialler_.dial_at(index, now() + delay);
  if (index == 0 && deferred_.lane != nullptr)
    judge_incoming(std::move(deferred_.lane), deferred_.hello);
}

Duration Uplink::delay_after(const Dial& failed, const std::optional<wire::Bye>& bye) {
  RandomSource& random = parts_.node.random;
  const bool refused = bye && bye->reason == wire::ByeReason::refused;
  const Duration delay = refused                 ? backoff_.next(random, Backoff::kLastOfRefused)
                         : bye                   ? backoff_.next(random)
                         : failed.found_nobody() ? backoff_.next(random, Backoff::kLastOfKnown)
                                                 : redial_delay();
  // The attempt's own time counts: attempts begin every half second, or more rarely.
  return delay - std::min(delay, now() - failed.began_at());
}

void Uplink::on_express_dial_failed(const Dial& dial, const std::string& reason,
                                    const std::optional<wire::Bye>& bye) {
  if (!dial.turned_away() || bye) {
    peer_gone_since_.reset();
  } else if (!peer_gone_since_) {
    peer_gone_since_ = now();
  }
  if (reason != down_reason_) {
    parts_.log.say(now(), LogLevel::warning, reason,
                   format("link {}: cannot connect: {}", link_, reason));
  }
  if (!up()) down_reason_ = reason;
  if (bye) owner_.on_peer_bye(*bye);
}

Duration Uplink::redial_delay() {
  return backoff_.next(parts_.node.random, ever_up_ ? Backoff::kLastOfKnown : Backoff::kLast);
}

// --- up and down

void Uplink::express_up(std::unique_ptr<Lane> lane, const wire::Hello& hello,
                        std::uint64_t generation) {
  if (deferred_.lane != nullptr) turn_away(deferred_, "another lane stays");
  if (challenger_.lane != nullptr) {
    loop_.disarm(challenge_timer_);
    turn_away(challenger_, "another lane stays");
  }
  lane->set_handler(*this);
  lanes_.add(std::move(lane));
  generation_ = generation;
  bulk_wanted_ = std::clamp(std::min<int>(own_bulk_lanes(), hello.bulk_lanes), 1, kBulkLanesMax);
  ever_up_ = true;
  down_since_.reset();
  peer_gone_since_.reset();
  down_reason_.clear();
  owner_.on_uplink_up();
  backoff_.reset();
  Lane& express = *lanes_.express();
  if (parts_.log.says_episode()) {
    log_info("link {}: up, peer {} at {} ({}), {} dialled it", link_, hello.node, express.remote(),
             express.engine().peer_description(),
             express.dialled_here() ? "this node" : "the peer");
  }
  if (express.dialled_here()) dialler_.dial_at(1, static_cast<std::uint16_t>(bulk_wanted_), now());
  next_heartbeat_ = now() + config_.heartbeat;
  owner_.wake();
}

std::unique_ptr<Lane> Uplink::lose(Lane& lane) {
  std::unique_ptr<Lane> lost = lanes_.take(lane);
  owner_.on_lane_down(lost->id);
  return lost;
}

void Uplink::bulk_up(std::unique_ptr<Lane> lane) {
  if (Lane* old = lanes_.find_bulk(lane->index)) discard(lose(*old));
  lane->set_handler(*this);
  lanes_.add(std::move(lane));
  owner_.wake();
}

void Uplink::discard(std::unique_ptr<Lane> lane) {
  lane->drop();
  parts_.closing.retire(std::move(lane));
}

void Uplink::drop_lanes(const std::optional<wire::Bye>& bye) {
  const auto end = [&](Lane& lane) {
    std::unique_ptr<Lane> ended = lose(lane);
    if (bye) return say_bye(std::move(ended), bye->reason, bye->text);
    discard(std::move(ended));
  };
  while (!lanes_.bulk().empty()) end(*lanes_.bulk().begin()->second);
  if (up()) end(*lanes_.express());
  generation_ = 0;
  if (deferred_.lane != nullptr) discard(std::move(deferred_.lane));
}

void Uplink::down(const std::string& reason) {
  if (!up()) return;
  parts_.log.on_down(now());
  if (parts_.log.says_episode()) log_warning("link {}: down: {}", link_, reason);
  drop_lanes(std::nullopt);
  cancel_dials();
  down_reason_ = reason;
  down_since_ = now();
  owner_.on_uplink_down();
  if (challenger_.lane != nullptr) loop_.arm(challenge_timer_, now());
  dialler_.dial_at(0, now() + redial_delay());
}

Result<void> Uplink::on_lane_record(Lane& lane, const wire::RecordView& record) {
  if (record.type != wire::RecordType::bye) return owner_.on_record(lane, record);
  const auto bye = wire::decode_bye(record.body);
  if (!bye) return std::unexpected(bye.error());
  return on_bye(lane, *bye);
}

Result<void> Uplink::on_bye(const Lane& lane, const wire::Bye& bye) {
  if (&lane != lanes_.express()) return fail(format("the peer said: {}", bye.text));
  down(format("the peer said: {}", bye.text));
  owner_.on_peer_bye(bye);
  const bool over = bye.reason == wire::ByeReason::going_away ||
                    bye.reason == wire::ByeReason::fenced ||
                    bye.reason == wire::ByeReason::stale_session;
  if (over) owner_.on_session_over(cause_of(bye));
  return {};
}

void Uplink::on_lane_closed(Lane& lane, const Error& why) {
  lanes_.count_end(why.code);
  if (&lane == challenger_.lane.get()) {
    loop_.disarm(challenge_timer_);
    return parts_.closing.retire(std::move(challenger_.lane));
  }
  if (&lane == deferred_.lane.get()) return parts_.closing.retire(std::move(deferred_.lane));
  if (&lane == lanes_.express()) {
    down(why.message);
    peer_gone_since_ = now();
    return;
  }
  const std::uint16_t index = lane.index;
  LT_ASSERT(lanes_.find_bulk(index) == &lane);
  std::unique_ptr<Lane> closed = lose(lane);
  parts_.log.say(now(), LogLevel::info, format("bulk lane {}", index),
                 format("link {}: bulk lane {} is down: {}", link_, index, why.message));
  const bool redial = closed->dialled_here();
  parts_.closing.retire(std::move(closed));
  if (redial) dialler_.dial_at(index, now() + redial_delay());
  owner_.wake();
}

void Uplink::stop(const wire::Bye& bye) {
  cancel_dials();
  loop_.disarm(challenge_timer_);
  if (challenger_.lane != nullptr) discard(std::move(challenger_.lane));
  drop_lanes(bye);
  dialler_.disarm();
}

// --- signs of life

void Uplink::check_liveness(TimePoint now) {
  if (now - lanes_.express()->last_received_at() > config_.dead_after)
    return down(format("no sign of life for {} s", whole_seconds(config_.dead_after)));
  // Twice dead_after: TCP may have to send again.
  const Duration unread_max = 2 * config_.dead_after;
  if (lanes_.express()->unread_for() > unread_max) {
    return down(format("the peer sends, and has read nothing for {} s", whole_seconds(unread_max)));
  }
  std::vector<std::pair<Lane*, std::string>> dead;
  for (const auto& [index, lane] : lanes_.bulk()) {
    if (now - lane->last_received_at() > config_.dead_after) {
      dead.emplace_back(lane.get(), "no sign of life");
    } else if (lane->unread_for() > unread_max) {
      dead.emplace_back(lane.get(), "the peer sends, and reads nothing");
    }
  }
  for (const auto& [lane, reason] : dead) {
    lane->drop();
    on_lane_closed(*lane, {.message = reason});
  }
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + config_.heartbeat;
  owner_.on_heartbeat_due();
}

const char* Uplink::hole_hint() {
  return "small packets arrive and full ones do not, perhaps for an MTU hole: try `ping -M do -s "
         "1472` to the peer; a smaller MTU on the route, or net.ipv4.tcp_mtu_probing = 1 at both "
         "ends, helps";
}

void Uplink::watch_for_hole(Duration interval, HoleWatch::Waiting waiting) {
  if (waiting == HoleWatch::Waiting::nothing) return hole_.on_empty();
  std::vector<HoleWatch::Lane> lanes;
  if (up()) {
    for (const auto& [index, lane] : lanes_.bulk()) {
      const SocketStats stats = loop_.stats(lane->socket());
      lanes.push_back({lane.get(), stats.acknowledged_bytes, stats.unacknowledged_bytes});
    }
  }
  const bool was_stuck = hole_.stuck();
  hole_.on_tick(interval, lanes);
  if (hole_.stuck() && !was_stuck) {
    log_warning("link {}: up, but nothing passes: {}", link_, hole_hint());
  } else if (was_stuck && !hole_.stuck()) {
    log_info("link {}: bytes pass again", link_);
  }
}

}  // namespace longthrow
