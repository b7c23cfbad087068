// SPDX-License-Identifier: Apache-2.0
// Lanes and sessions: who is the peer, what is up, and what ends when.
#include "proxy/relay/link.h"

#include <algorithm>

#include "proxy/base/log.h"
#include "proxy/base/planted.h"

namespace longthrow {

Link::Link(LinkContext& context, std::string name, LinkConfig config)
    : context_(context),
      loop_(context.parts.loop),
      name_(std::move(name)),
      civil_clock_(loop_.wall_now(), loop_.now()),
      config_(std::move(config)),
      peering_(context.node, context.incarnation, context.parts.random),
      memlimit_max_(std::max(kReserveMin, config_.memlimit * kReserveFactor)),
      waiting_(loop_, context.closing_list, *this) {
  bucket_.set_rate(config_.bandwidth_bytes_s);
  redial_timer_.bind<&Link::on_redial>(this);
  tick_.bind<&Link::on_tick>(this);
  wake_.bind<&Link::pump>(this);
  control_timer_.bind<&Link::pump>(this);
  pace_timer_.bind<&Link::on_pace>(this);
  partial_timer_.bind<&Link::on_partial_timer>(this);
  challenge_timer_.bind<&Link::on_challenge_over>(this);
  reap_timer_.bind<&Link::reap_channels>(this);
}

Link::~Link() {
  for (Timer* timer : {&redial_timer_, &tick_, &wake_, &control_timer_, &pace_timer_,
                       &partial_timer_, &reap_timer_, &challenge_timer_}) {
    loop_.disarm(*timer);
  }
}

Result<void> Link::start(const std::map<std::string, RouteConfig>& routes,
                         const std::map<std::string, GroupConfig>& groups) {
  if (auto possible = check(name_, config_, routes, memlimit_max_); !possible) return possible;
  auto arena = Arena::make({.limit_bytes = config_.memlimit, .reserve_bytes = memlimit_max_});
  if (!arena) return fail(format("link {}: {}", name_, arena.error().message));
  arena_ = std::move(*arena);
  ingest_ = std::make_unique<Ingest>(Ingest::Parts{.arena = *arena_,
                                                   .jobs = context_.jobs,
                                                   .outlook = [this] { return outlook(); },
                                                   .wake = [this] { wake(); },
                                                   .on_partial = [this] { watch_partials(); }},
                                     config_.compression);
  const auto locked = arena_->lock_in_memory();
  locked_in_memory_ = locked.has_value();
  if (!locked) {
    log_warning("link {}: the buffer may be swapped: {}", name_, locked.error().message);
  }
  ingest_->set_groups(groups);
  set_ports(routes);
  last_tick_ = loop_.now();
  next_heartbeat_ = loop_.now();
  loop_.arm(tick_, loop_.now() + kTick);
  redial_at_[0] = loop_.now();
  redial_soon();
  refresh_routes();
  return {};
}

// --- dialling

int Link::own_bulk_lanes() const { return config_.lanes > 0 ? config_.lanes : kAutoBulkLanes; }

std::uint64_t Link::generation_of(std::uint64_t attempt, bool dialled_here) const {
  return attempt * 2 + (dialled_here == peering_.lower_name() ? 1 : 0);
}

void Link::redial_soon() {
  TimePoint next = kNever;
  for (const auto& [index, at] : redial_at_) next = std::min(next, at);
  if (next != kNever) loop_.arm(redial_timer_, next);
}

void Link::on_redial() {
  const TimePoint now = loop_.now();
  std::vector<std::uint16_t> due;
  for (const auto& [index, at] : redial_at_) {
    if (at <= now) due.push_back(index);
  }
  for (const std::uint16_t index : due) {
    redial_at_.erase(index);
    begin_dial(index);
  }
  redial_soon();
}

DialOptions Link::dial_options(std::uint16_t lane_index) const {
  DialOptions options{.names = config_.connect,
                      .source = config_.source,
                      .usual_source = config_.listen,
                      .congestion = config_.congestion,
                      .lane_index = lane_index};
  if (ever_up_) {  // the way is known, and how long it takes
    const Duration rtt = session_ != nullptr ? session_->rtt().value_or(Duration(0)) : Duration(0);
    options.connect_timeout = std::clamp(rtt * 3, kConnectTimeoutOfKnown, Dial::kConnectTimeout);
    options.answer_timeout = std::clamp(rtt * 8, kAnswerTimeoutOfKnown, Dial::kAnswerTimeout);
  }
  return options;
}

void Link::begin_dial(std::uint16_t lane_index) {
  const bool wanted =
      lane_index == 0 ? express_ == nullptr : express_ != nullptr && !bulk_.contains(lane_index);
  const std::optional<wire::Bye> only_bye = own_bye();
  if (!wanted || config_.connect.empty() || !wants_lanes() || (only_bye && lane_index != 0) ||
      dials_.contains(lane_index)) {
    return;
  }
  if (lane_index == 0 && !only_bye) peering_.begin_dial();
  DialOptions options = dial_options(lane_index);
  options.only_bye = only_bye;
  auto dial = std::make_unique<Dial>(loop_, *this, std::move(options),
                                     [this] { return context_.parts.tls.client(name_); });
  Dial& started = *dial;
  dials_[lane_index] = std::move(dial);
  started.start();
}

wire::Hello Link::dial_hello(Dial& dial) {
  const auto lanes = static_cast<std::uint16_t>(own_bulk_lanes());
  const bool express = dial.lane_index() == 0;
  wire::Hello hello = peering_.make_hello(wire::HelloRole::dialler, dial.lane_index(),
                                          express ? 0 : generation_, lanes);
  if (express) dial_attempt_ = hello.attempt;
  return hello;
}

void Link::on_dial_answered(Dial& dial, std::unique_ptr<Lane> lane, const wire::Hello& hello) {
  const std::uint16_t index = dial.lane_index();
  context_.closing_list.retire(std::move(dials_.extract(index).mapped()));
  const auto judgement =
      index == 0 ? peering_.judge_answer(hello) : peering_.judge_bulk(hello, generation_);
  if (judgement.end_session) end_session({LossReason::peer_restarted, "the peer has restarted"});
  if (judgement.verdict != Peering::Verdict::accept) {
    if (const auto kept_back = repeats_.ask(loop_.now(), judgement.text)) {
      log_warning("link {}: {}: {}{}", name_, lane->remote(), judgement.text,
                  kept_back_note(*kept_back));
    }
    const bool refused = judgement.reason == wire::ByeReason::refused;
    say_bye(std::move(lane), judgement.reason, judgement.text);
    redial_at_[index] =
        loop_.now() +
        (refused ? backoff_.next(context_.parts.random, Backoff::kLastOfRefused) : redial_delay());
    redial_soon();
    return;
  }
  if (index != 0) {
    bulk_up(std::move(lane));
    return;
  }
  peering_.adopt(hello);
  const std::uint64_t generation = generation_of(dial_attempt_, true);
  express_up(std::move(lane), hello, generation);
}

void Link::on_dial_failed(Dial& dial, const std::string& reason, std::optional<wire::Bye> bye) {
  const std::uint16_t index = dial.lane_index();
  const bool only_bye = dial.only_says_bye();
  const bool told = dial.told();
  context_.closing_list.retire(std::move(dials_.extract(index).mapped()));
  if (only_bye) {
    const Duration again = backoff_.next(context_.parts.random);
    return tell_peer_after(!own_bye() ? Duration(0) : told ? kSayAgain : again);
  }
  const bool refused = bye && bye->reason == wire::ByeReason::refused;
  Duration delay = refused ? backoff_.next(context_.parts.random, Backoff::kLastOfRefused)
                   : bye   ? backoff_.next(context_.parts.random)
                   : dial.found_nobody()
                       ? backoff_.next(context_.parts.random, Backoff::kLastOfKnown)
                       : redial_delay();
  // What the attempt itself took counts: one begins every half second, or more rarely.
  delay -= std::min(delay, loop_.now() - dial.began_at());
  if (index == 0) {
    if (!dial.turned_away() || bye) {
      peer_gone_since_.reset();
    } else if (!peer_gone_since_) {
      peer_gone_since_ = loop_.now();
    }
    if (reason != down_reason_) {
      if (const auto kept_back = repeats_.ask(loop_.now(), reason)) {
        log_warning("link {}: cannot connect: {}{}", name_, reason, kept_back_note(*kept_back));
      }
    }
    if (express_ == nullptr) down_reason_ = reason;
    if (bye) {
      note_peer_bye(*bye);
      if (bye->reason == wire::ByeReason::stale_session && peering_.session_established()) {
        end_session({LossReason::session_ended, "the peer has ended the session"});
        delay = Duration(0);
      }
    }
  }
  redial_at_[index] = loop_.now() + delay;
  redial_soon();
  if (index == 0 && deferred_lane_ != nullptr) {
    judge_incoming(std::move(deferred_lane_), deferred_hello_);
  }
}

Duration Link::redial_delay() {
  return backoff_.next(context_.parts.random, ever_up_ ? Backoff::kLastOfKnown : Backoff::kLast);
}

// session_timeout counts from the end of a pause.
void Link::note_peer_paused(bool paused) {
  if (peer_paused_ == paused) return;
  if (!paused && down_since_) down_since_ = loop_.now();
  peer_paused_ = paused;
  refresh_routes();
}

void Link::cancel_dials() {
  for (auto& [index, dial] : dials_) {
    dial->cancel();
    context_.closing_list.retire(std::move(dial));
  }
  dials_.clear();
  redial_at_.clear();
}

// --- accepting

void Link::say_bye(std::unique_ptr<Lane> lane, wire::ByeReason reason, const std::string& text) {
  ByteQueue record;
  wire::encode(wire::Bye{reason, text}, record);
  lane->send(record.view());
  lane->finish();
  context_.closing_list.retire(std::move(lane));
}

void Link::on_incoming(std::unique_ptr<Lane> lane, const wire::Hello& hello) {
  lane->set_handler(*this);
  if (!wants_lanes())
    return say_bye(std::move(lane), wire::ByeReason::going_away, "the node is stopping");
  if (fenced_ && !planted(Plant::fence_lets_in)) {
    if (const auto kept_back = repeats_.ask(loop_.now(), "fenced")) {
      log_warning(
          "link {}: {} ({}) was refused: this side was taken over; run `longthrow release {}` "
          "to let it in again{}",
          name_, lane->remote(), hello.node, name_, kept_back_note(*kept_back));
    }
    return say_bye(std::move(lane), wire::ByeReason::fenced,
                   format("this side was taken over: {}", notice_text(NoticeKind::fenced)));
  }
  if (paused()) {
    return say_bye(std::move(lane), wire::ByeReason::paused, notice_text(NoticeKind::paused));
  }
  if (lane->index == 0) return judge_incoming(std::move(lane), hello);

  const auto judgement = peering_.judge_bulk(hello, generation_);
  const bool accepted = judgement.verdict == Peering::Verdict::accept && express_ != nullptr &&
                        lane->index <= bulk_wanted_;
  if (!accepted) return say_bye(std::move(lane), judgement.reason, judgement.text);
  const auto answer = peering_.make_hello(wire::HelloRole::acceptor, lane->index, generation_,
                                          static_cast<std::uint16_t>(own_bulk_lanes()));
  if (auto sent = send_hello(*lane, answer); !sent) {
    lane->drop();
    context_.closing_list.retire(std::move(lane));
    return;
  }
  bulk_up(std::move(lane));
}

void Link::judge_incoming(std::unique_ptr<Lane> lane, const wire::Hello& hello) {
  const auto own_dial = dials_.find(0);
  const bool own_hello_sent = own_dial != dials_.end() && own_dial->second->hello_sent();
  const auto judgement = peering_.judge_dial(hello, own_hello_sent);
  if (judgement.challenges && express_ != nullptr) return begin_challenge(std::move(lane), hello);
  if (judgement.end_session) end_session({LossReason::peer_restarted, "the peer has restarted"});
  switch (judgement.verdict) {
    case Peering::Verdict::refuse:
      if (const auto kept_back = repeats_.ask(loop_.now(), judgement.text)) {
        log_info("link {}: refused {}: {}{}", name_, lane->remote(), judgement.text,
                 kept_back_note(*kept_back));
      }
      if (express_ == nullptr) down_reason_ = judgement.text;
      say_bye(std::move(lane), judgement.reason, judgement.text);
      return;
    case Peering::Verdict::defer:
      if (deferred_lane_ != nullptr) {
        say_bye(std::move(deferred_lane_), wire::ByeReason::replaced,
                "a later attempt replaces it");
      }
      deferred_lane_ = std::move(lane);
      deferred_hello_ = hello;
      return;
    case Peering::Verdict::accept:
      break;
  }
  cancel_dials();
  if (express_ != nullptr) link_down("the peer has connected anew");
  peering_.adopt(hello);
  const auto answer = peering_.make_hello(wire::HelloRole::acceptor, 0, 0,
                                          static_cast<std::uint16_t>(own_bulk_lanes()));
  if (auto sent = send_hello(*lane, answer); !sent) {
    lane->drop();
    context_.closing_list.retire(std::move(lane));
    return;
  }
  express_up(std::move(lane), hello, generation_of(hello.attempt, false));
}

// --- up and down

void Link::express_up(std::unique_ptr<Lane> lane, const wire::Hello& hello,
                      std::uint64_t generation) {
  LT_ASSERT(express_ == nullptr);
  if (deferred_lane_ != nullptr) {
    say_bye(std::move(deferred_lane_), wire::ByeReason::replaced, "another lane stays");
  }
  if (challenger_lane_ != nullptr) {
    loop_.disarm(challenge_timer_);
    say_bye(std::move(challenger_lane_), wire::ByeReason::replaced, "another lane stays");
  }
  express_ = std::move(lane);
  express_->trust();
  express_->id = next_lane_id_++;
  express_->set_handler(*this);
  generation_ = generation;
  bulk_wanted_ = std::clamp<int>(std::min<int>(own_bulk_lanes(), hello.bulk_lanes), 1, 8);
  if (session_ == nullptr) {
    session_ = std::make_unique<Session>(ingest_->frames().pool(), peering_.lower_name());
    ingest_->begin_session(*session_);
    ++totals_.sessions;
    session_->set_local_routes(local_routes());
    update_receive_window();
  } else {
    ++totals_.reconnects;
  }
  session_->set_wall_clock(wall_ns());
  session_->on_express_up(express_->id);
  ever_up_ = true;
  down_since_.reset();
  peer_gone_since_.reset();
  down_reason_.clear();
  forget_link_words();
  say_notices();
  backoff_.reset();
  if (flaps_.says()) {
    log_info("link {}: up, peer {} at {} ({}), {} dialled it", name_, hello.node,
             express_->remote(), express_->engine().peer_description(),
             express_->dialled_here() ? "this node" : "the peer");
  }
  if (express_->dialled_here()) {
    for (int index = 1; index <= bulk_wanted_; ++index) {
      redial_at_[static_cast<std::uint16_t>(index)] = loop_.now();
    }
    redial_soon();
  }
  next_heartbeat_ = loop_.now() + config_.heartbeat;
  wake();
}

void Link::bulk_up(std::unique_ptr<Lane> lane) {
  const std::uint16_t index = lane->index;
  if (const auto old = bulk_.find(index); old != bulk_.end()) {
    session_->on_lane_down(old->second->id);
    totals_.wire_out_bytes += old->second->sent_bytes;
    totals_.wire_in_bytes += old->second->received_bytes;
    old->second->drop();
    context_.closing_list.retire(std::move(old->second));
    bulk_.erase(old);
  }
  lane->id = next_lane_id_++;
  lane->trust();
  lane->set_handler(*this);
  session_->on_bulk_up(lane->id);
  bulk_[index] = std::move(lane);
  wake();
}

void Link::drop_lanes(std::optional<wire::Bye> bye) {
  const auto end = [&](std::unique_ptr<Lane> lane) {
    if (session_ != nullptr) session_->on_lane_down(lane->id);
    totals_.wire_out_bytes += lane->sent_bytes;
    totals_.wire_in_bytes += lane->received_bytes;
    if (bye) return say_bye(std::move(lane), bye->reason, bye->text);
    lane->drop();
    context_.closing_list.retire(std::move(lane));
  };
  for (auto& [index, lane] : bulk_) end(std::move(lane));
  bulk_.clear();
  if (express_ != nullptr) end(std::move(express_));
  generation_ = 0;
  if (deferred_lane_ != nullptr) {
    deferred_lane_->drop();
    context_.closing_list.retire(std::move(deferred_lane_));
  }
  auto waiting = std::exchange(pings_, {});
  for (auto& done : waiting) done(std::nullopt);
}

void Link::link_down(const std::string& reason) {
  if (express_ == nullptr) return;
  flaps_.on_down(loop_.now());
  if (flaps_.says()) log_warning("link {}: down: {}", name_, reason);
  drop_lanes(std::nullopt);
  cancel_dials();
  down_reason_ = reason;
  down_since_ = loop_.now();
  refresh_routes();
  for (auto& [serial, channel] : channels_) channel->on_link_down();
  if (challenger_lane_ != nullptr) loop_.arm(challenge_timer_, loop_.now());
  redial_at_[0] = loop_.now() + redial_delay();
  redial_soon();
}

void Link::on_lane_closed(Lane& lane, const std::string& reason) {
  if (&lane == challenger_lane_.get()) {
    loop_.disarm(challenge_timer_);
    context_.closing_list.retire(std::move(challenger_lane_));
    return;
  }
  if (&lane == deferred_lane_.get()) {
    context_.closing_list.retire(std::move(deferred_lane_));
    return;
  }
  if (&lane == express_.get()) {
    link_down(reason);
    peer_gone_since_ = loop_.now();
    return;
  }
  const auto place = bulk_.find(lane.index);
  LT_ASSERT(place != bulk_.end() && place->second.get() == &lane);
  session_->on_lane_down(lane.id);
  totals_.wire_out_bytes += lane.sent_bytes;
  totals_.wire_in_bytes += lane.received_bytes;
  say_gated(LogLevel::info, format("bulk lane {}", lane.index),
            format("link {}: bulk lane {} is down: {}", name_, lane.index, reason));
  const bool redial = lane.dialled_here();
  const std::uint16_t index = lane.index;
  context_.closing_list.retire(std::move(place->second));
  bulk_.erase(place);
  if (redial) {
    redial_at_[index] = loop_.now() + redial_delay();
    redial_soon();
  }
  wake();
}

Result<void> Link::on_bye(Lane& lane, const wire::Bye& bye) {
  if (&lane != express_.get()) return fail(format("the peer said: {}", bye.text));
  link_down(format("the peer said: {}", bye.text));
  note_peer_bye(bye);
  const bool over = bye.reason == wire::ByeReason::going_away ||
                    bye.reason == wire::ByeReason::fenced ||
                    bye.reason == wire::ByeReason::stale_session;
  if (over) end_session(cause_of(bye));
  return {};
}

// The channels are handed over to their legs: what is here is delivered, then they are reset. Their
// routes open again when the last of them is gone (refresh_routes).
void Link::end_session(const LossCause& cause) {
  const std::string& reason = cause.text;
  if (session_ != nullptr) {
    say_gated(LogLevel::warning, "session: " + reason,
              format("link {}: the session has ended: {}", name_, reason));
    drop_lanes(wire::Bye{wire::ByeReason::stale_session, reason});
    note_copies();
    ingest_->end_session();
    for (auto& [serial, channel] : channels_) {
      if (channel->attached()) note_unproven(*channel, ChannelEnd::How::cut, cause);
    }
    std::vector<std::unique_ptr<ChannelCore>> cores = session_->release_all();
    for (auto& core : cores) {
      auto* channel = static_cast<Channel*>(core->user);
      if (channel == nullptr) {  // opened by the peer a moment ago: it has no leg yet
        note_without_leg(*core, cause);
        continue;
      }
      note_over(*channel, "the session has ended: " + reason);
      channel->detach(std::move(core));
    }
    session_.reset();
    mismatches_logged_.clear();
    if (!down_since_) down_since_ = loop_.now();
  }
  peering_.begin_session();
  refresh_routes();
}

void Link::begin_stop() {
  stopping_ = true;
  for (const auto& [serial, channel] : channels_) {
    if (!held_groups_.contains(channel->group())) channel->stop_reading();
  }
  if (session_ == nullptr) cancel_dials();
  refresh_routes();
}

bool Link::drained() const { return undelivered_bytes() == 0; }

bool Link::nobody_can_come(TimePoint stop_began) const {
  if (up() || session_ == nullptr) return false;
  const bool delivers_here = std::ranges::any_of(
      channels_, [](const auto& entry) { return entry.second->undelivered_bytes() > 0; });
  if (delivers_here) return false;
  const bool gone =
      peer_gone_since_ && loop_.now() - std::max(*peer_gone_since_, stop_began) >= kGoneAfter;
  return gone || paused() || fenced_;
}

void Link::abort_channels(const LossCause& cause) {
  std::vector<Channel*> open;
  for (auto& [serial, channel] : channels_) {
    if (!channel->closed()) open.push_back(channel.get());
  }
  for (Channel* channel : open) channel->abort(cause);
}

void Link::stop(const LossCause& cause) {
  if (stopped_) return;
  stopping_ = stopped_ = true;
  for (auto& [name, port] : ports_) {
    close_listener(port);
    drop_waiting(port, cause);
  }
  cancel_dials();
  const std::uint64_t left = undelivered_bytes();
  if (left > 0) log_warning("link {}: {} bytes were not delivered", name_, left);
  drop_challenger();
  drop_lanes(wire::Bye{wire::ByeReason::going_away, "the peer's node was stopped"});
  end_session(cause);
  std::vector<Channel*> open;
  for (auto& [serial, channel] : channels_) open.push_back(channel.get());
  for (Channel* channel : open) {
    // What the far side had sent is delivered within the linger; our own node goes now.
    if (!channel->closed() && channel->undelivered_bytes() == 0) channel->abort(cause);
  }
  loop_.disarm(tick_);
  loop_.disarm(redial_timer_);
}

bool Link::idle() const { return stopped_ && channels_.empty() && dials_.empty(); }

// --- time

void Link::on_tick() {
  const TimePoint now = loop_.now();
  const Duration interval = now - last_tick_;
  last_tick_ = now;
  loop_.arm(tick_, now + kTick);
  check_liveness(now);
  forget_old_words(now);
  look_at_waiting();
  say_what_was_left_out(now);
  approach_memlimit();
  update_receive_window();
  for (auto& [serial, channel] : channels_) channel->look();
  update_rates(now, interval);
  update_groups();
  forget_old_reasons();
  note_state();
  retry_listeners(now);
  say_marks(now);
  watch_for_hole(interval);
  wake();
}

void Link::check_liveness(TimePoint now) {
  if (express_ == nullptr) {
    // A pause is planned, however long: sessions stay.
    const bool planned = paused() || peer_paused_;
    if (session_ != nullptr && !planned && down_since_ &&
        now - *down_since_ >= config_.session_timeout) {
      end_session(
          {LossReason::session_timeout, "the link was down for longer than session_timeout"});
    }
    return;
  }
  if (now - express_->last_received_at() > config_.dead_after) {
    link_down(format("no sign of life for {} s",
                     std::chrono::duration_cast<std::chrono::seconds>(config_.dead_after).count()));
    return;
  }
  // Twice as long as silence is borne: TCP may have to try again.
  const Duration unread_max = 2 * config_.dead_after;
  if (express_->unread_for() > unread_max) {
    link_down(format("the peer sends, and has read nothing for {} s",
                     std::chrono::duration_cast<std::chrono::seconds>(unread_max).count()));
    return;
  }
  std::vector<std::pair<Lane*, std::string>> dead;
  for (auto& [index, lane] : bulk_) {
    if (now - lane->last_received_at() > config_.dead_after) {
      dead.emplace_back(lane.get(), "no sign of life");
    } else if (lane->unread_for() > unread_max) {
      dead.emplace_back(lane.get(), "the peer sends, and reads nothing");
    }
  }
  for (const auto& [lane, reason] : dead) {
    lane->drop();
    on_lane_closed(*lane, reason);
  }
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + config_.heartbeat;
  session_->set_wall_clock(wall_ns());
  session_->request_heartbeat();
  for (auto& [index, lane] : bulk_) {
    if (!lane->has_room()) continue;  // what it sends is sign of life enough
    outgoing_.clear();
    wire::encode(session_->make_heartbeat(now, wall_ns()), outgoing_);
    lane->send(outgoing_.view());
  }
}

}  // namespace longthrow
