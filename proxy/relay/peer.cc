// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay/peer.h"

#include "proxy/base/log.h"

namespace longthrow {
namespace {

// Whether the peer is to blame. The session counts damaged frames, and aborts only their channel.
// Memory that this node does not find is its own lack.
bool is_fault(const Error& why) {
  return why.code != ErrorCode::corrupt_frame && why.code != ErrorCode::no_memory;
}

}  // namespace

Peer::Peer(const Parts& parts, const std::string& link, Hooks hooks)
    : loop_(parts.context.parts.loop),
      link_(link),
      config_(parts.config),
      log_(parts.log),
      stops_(parts.stops),
      buffer_(parts.buffer),
      hooks_(std::move(hooks)),
      civil_clock_(loop_.wall_now(), loop_.now()),
      uplink_({parts.context.parts, parts.context.closing_list, parts.context.node,
               parts.context.incarnation, log_},
              *this, link, config_),
      sender_(loop_, uplink_) {
  sender_.bandwidth().configure(config_.bandwidth_bytes_s, config_.bandwidth_schedule);
}

Peer::~Peer() = default;

LinkState Peer::state() const {
  return up() ? LinkState::up : uplink_.ever_up() ? LinkState::down : LinkState::connecting;
}

std::optional<double> Peer::rtt_ms() const {
  const auto trip = rtt();
  if (!trip) return std::nullopt;
  return std::chrono::duration<double, std::milli>(*trip).count();
}

std::optional<TimePoint> Peer::send() {
  sender_.send_express(*session_);
  return sender_.send_bulk(*session_, buffer_.ingest());
}

// --- the uplink

std::optional<Duration> Peer::rtt() const {
  return session_ != nullptr ? session_->rtt() : std::nullopt;
}

// A stopping node goes on with its session until all bytes are delivered. It begins no new one.
bool Peer::wants_lanes() const {
  return !stops_.stopped() && !(stops_.stopping() && session_ == nullptr);
}

void Peer::on_uplink_up() {
  if (session_ == nullptr) {
    session_ = std::make_unique<Session>(buffer_.ingest().frames().pool(),
                                         uplink_.peering().own_numbers());
    buffer_.ingest().begin_session(*session_);
    ++counts_.sessions;
    hooks_.begun();
  } else {
    ++counts_.reconnects;
  }
  session_->set_wall_clock(wall_ns());
  session_->on_express_up(uplink_.lanes().express()->id);
  stops_.forget_peer_words();
  say_notices();
}

void Peer::on_lane_down(LaneId lane) {
  if (session_ != nullptr) session_->on_lane_down(lane);
  if (!uplink_.up()) answer_pings(std::nullopt);
}

void Peer::ask_peer() {
  session_->set_wall_clock(wall_ns());
  session_->request_heartbeat();
  wake();
}

void Peer::on_heartbeat_due() {
  session_->set_wall_clock(wall_ns());
  session_->request_heartbeat();
  sender_.send_heartbeats(*session_, wall_ns());
}

void Peer::on_peer_bye(const wire::Bye& bye) {
  change_peer_words([&] { stops_.on_peer_bye(bye); });
}

// When the peer's pause ends, session_timeout begins to count.
void Peer::change_peer_words(const std::function<void()>& change) {
  const bool was_paused = stops_.peer_paused();
  const bool was_fenced = stops_.peer_fenced();
  change();
  if (was_paused && !stops_.peer_paused() && uplink_.down_since()) uplink_.count_down_from_now();
  if (was_paused != stops_.peer_paused() || was_fenced != stops_.peer_fenced()) hooks_.refresh();
}

void Peer::say_notices() {
  if (session_ == nullptr) return;
  session_->say_notices(stops_.to_say(*session_));
  wake();
}

void Peer::go_down(const wire::Bye& bye, const std::string& reason) {
  uplink_.cancel_dials();
  const bool was_up = uplink_.up();
  if (was_up) {
    uplink_.drop_lanes(bye);
    uplink_.count_down_from_now();
  }
  uplink_.set_down_reason(reason);
  uplink_.tell_peer_after(was_up ? Uplink::kSayAgain : Duration(0));
}

void Peer::come_back() {
  uplink_.set_down_reason("not yet connected again");
  uplink_.dial_now();
}

// --- time

void Peer::on_tick(TimePoint now) {
  check_session_timeout(now);
  if (uplink_.up()) uplink_.check_liveness(now);
  change_peer_words([&] { stops_.forget_old_words(now); });
}

// A pause is on purpose: the session outlives it, however long it lasts.
void Peer::check_session_timeout(TimePoint now) {
  const auto down_since = uplink_.down_since();
  const bool on_purpose = stops_.paused() || stops_.peer_paused();
  if (uplink_.up() || session_ == nullptr || !down_since || on_purpose) return;
  if (now - *down_since < config_.session_timeout) return;
  end_session({LossReason::session_timeout, "the link was down for longer than session_timeout"});
}

void Peer::ping(std::function<void(std::optional<double>)> done) {
  if (!up()) {
    done(std::nullopt);
    return;
  }
  pings_.push_back(std::move(done));
  ask_peer();
}

void Peer::answer_pings(std::optional<double> ms) {
  auto waiting = std::exchange(pings_, {});
  for (auto& done : waiting) done(ms);
}

// --- the session

void Peer::end_session(const LossCause& cause) {
  if (session_ != nullptr) {
    log_.say(loop_.now(), LogLevel::warning, "session: " + cause.text,
             format("link {}: the session has ended: {}", link_, cause.text));
    uplink_.drop_lanes(wire::Bye{wire::ByeReason::stale_session, cause.text});
    hooks_.ending(cause);
    session_.reset();
    if (!uplink_.down_since()) uplink_.count_down_from_now();
  }
  uplink_.forget_session();
  hooks_.refresh();
}

Result<void> Peer::on_record(Lane& lane, const wire::RecordView& record) {
  if (session_ == nullptr || lane.id == kNoLane)
    return breach("a record on a lane that has no session");
  auto taken = take_record(lane, record);
  if (taken || !is_fault(taken.error()) || session_ == nullptr || !faults_.add(loop_.now()))
    return taken;
  uplink_.lanes().count_end(taken.error().code);
  const std::string reason = format("the peer has broken the protocol {} times, last with {}",
                                    FaultCount::kMax, taken.error().message);
  uplink_.down(reason);
  end_session({LossReason::session_ended, reason});
  return {};
}

Result<void> Peer::take_record(Lane& lane, const wire::RecordView& record) {
  const bool express = &lane == uplink_.lanes().express();
  const LaneKind kind = express ? LaneKind::express : LaneKind::bulk;
  if (record.type == wire::RecordType::frame) return on_frame(kind, record);
  if (record.type == wire::RecordType::notices && express) return on_notices(record.body);
  auto taken = session_->on_control(loop_.now(), kind, record.type, record.body);
  if (taken && record.type == wire::RecordType::heartbeat_echo) on_heartbeat_echo(record.body);
  return taken;
}

Result<void> Peer::on_notices(ByteView body) {
  const auto notices = wire::decode_notices(body);
  if (!notices) return std::unexpected(notices.error());
  stops_.on_notices(*notices, *session_);
  return {};
}

void Peer::on_heartbeat_echo(ByteView body) {
  uplink_.on_peer_alive(wire::decode_heartbeat_echo(body)->sent_at_ns);
  answer_pings(rtt_ms());
}

Result<void> Peer::on_frame(LaneKind lane, const wire::RecordView& record) {
  const wire::FrameHeader& header = record.frame;
  const TimePoint now = loop_.now();
  if (header.express != (lane == LaneKind::express)) return breach("a frame on the wrong lane");
  const auto fate = session_->on_frame(now, header);
  if (!fate) return std::unexpected(fate.error());
  if (*fate == FrameFate::done) return {};

  const auto raw = decoder_.decode(header, record.payload);
  if (!raw) {
    ++counts_.checksum_failures;
    if (session_->on_corrupt(now, header)) return {};
    return fail(ErrorCode::corrupt_frame, format("frame {} of channel {} failed its checksum",
                                                 header.number, header.channel));
  }
  auto stored = buffer_.arena().store(Share::receive, *raw);
  // The peer keeps to its credit, so this is our lack. The frame is not acknowledged and its lane
  // ends: the peer sends it again.
  if (!stored) {
    ++counts_.memory_refusals;
    return fail(ErrorCode::no_memory, format("this node has no memory for frame {} of channel {}",
                                             header.number, header.channel));
  }
  return session_->on_data(now, header, std::move(*stored));
}

}  // namespace longthrow
