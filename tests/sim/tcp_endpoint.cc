// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/tcp_endpoint.h"

#include <algorithm>
#include <utility>

namespace longthrow::sim {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kFinWaitMax = seconds(60);  // tcp_fin_timeout
constexpr Duration kKeepAliveIdle = seconds(30);
constexpr Duration kKeepAliveInterval = seconds(10);
constexpr int kKeepAliveProbesMax = 3;
}  // namespace

TcpEndpoint::TcpEndpoint(const TcpOptions& options, bool dialling, TimePoint now)
    : options_(options),
      state_(dialling ? State::syn_sent : State::syn_received),
      handshake_due_(true),
      stalled_since_(now),
      last_heard_(now) {}

// --- segments in ---

void TcpEndpoint::on_segment(TimePoint now, const Segment& segment) {
  if (state_ == State::closed) return;
  last_heard_ = now;
  keep_alive_probes_ = 0;
  if (segment.rst) return on_reset();
  if (!on_handshake(now, segment)) return;
  on_acknowledgement(now, segment);
  on_payload(segment);
  if (orphan_ && fin_acknowledged()) {
    if (fin_received_) {
      state_ = State::closed;
    } else if (linger_until_ == kNever) {
      linger_until_ = now + kFinWaitMax;
    }
  }
}

void TcpEndpoint::on_reset() {
  if (state_ == State::syn_sent) {
    fail(-ECONNREFUSED);
  } else {
    fail(fin_received_ ? -EPIPE : -ECONNRESET);
  }
}

// True when the connection is established and the rest of the segment counts.
bool TcpEndpoint::on_handshake(TimePoint now, const Segment& segment) {
  if (state_ == State::syn_sent) {
    if (!segment.syn || !segment.ack) return false;
    state_ = State::established;
    events_ |= kConnected | kWritable;
    round_trip_ = backoff_ == 0 ? now - stalled_since_ : Duration::zero();
    acknowledge_due_ = true;
  } else if (state_ == State::syn_received) {
    if (segment.syn) {
      window_end_ = segment.window_end;
      handshake_due_ = true;
      return false;
    }
    state_ = State::established;
    events_ |= kConnected | kWritable;
  } else if (segment.syn) {
    acknowledge_due_ = true;  // our acknowledgement of the handshake was lost
    return false;
  } else {
    return true;
  }
  backoff_ = 0;
  timer_start_ = kNever;
  return true;
}

void TcpEndpoint::on_acknowledgement(TimePoint now, const Segment& segment) {
  const bool window_moved = segment.window_end > window_end_;
  window_end_ = std::max(window_end_, segment.window_end);
  if (segment.acknowledged > acknowledged_) {
    queue_.consume(std::min(segment.acknowledged, written_) - acknowledged_bytes());
    acknowledged_ = segment.acknowledged;
    next_ = std::max(next_, acknowledged_);
    measure(now);
    backoff_ = 0;
    duplicate_acks_ = 0;
    stalled_since_ = now;
    timer_start_ = in_flight() ? now : kNever;
  } else if (in_flight() && segment.payload.empty() && !segment.fin && !window_moved &&
             !segment.probe && ++duplicate_acks_ == 3 && acknowledged_ >= recover_) {
    recover_ = highest_sent_;
    retransmit_from_start();
  } else if (!in_flight()) {
    // The answer to a zero-window probe: the peer lives.
    stalled_since_ = now;
    if (window_moved) {
      backoff_ = 0;
      timer_start_ = kNever;
    }
  }
}

void TcpEndpoint::on_payload(const Segment& segment) {
  const std::uint64_t end = segment.sequence + segment.payload.size();
  if (!segment.payload.empty() || segment.fin || segment.probe) acknowledge_due_ = true;
  if (segment.sequence > received_ || fin_received_) return;
  if (end > received_) {
    if (orphan_) return reset_peer();
    const ByteView fresh = ByteView(segment.payload).subspan(received_ - segment.sequence);
    LT_ASSERT(unread_.size() + fresh.size() <= options_.receive_buffer_bytes);
    unread_.push(fresh);
    received_ = end;
    events_ |= kReadable;
  }
  if (segment.fin && received_ == end) {
    ++received_;
    fin_received_ = true;
    events_ |= kReadable;
  }
}

void TcpEndpoint::measure(TimePoint now) {
  if (timed_sequence_ != 0 && acknowledged_ >= timed_sequence_) {
    const Duration sample = now - timed_at_;
    round_trip_ = round_trip_ == Duration::zero() ? sample : (round_trip_ * 7 + sample) / 8;
    timed_sequence_ = 0;
  }
  const Duration span = now - rate_start_;
  const bool idle = !in_flight();
  if (span > Duration::zero() &&
      (idle || span >= std::max<Duration>(round_trip_, milliseconds(1)))) {
    const double rate = static_cast<double>(acknowledged_ - rate_start_acknowledged_) * 1e9 /
                        static_cast<double>(span.count());
    // A sample that ended for want of data only proves that the path can do at least this.
    const auto sample = static_cast<std::uint64_t>(rate);
    delivery_rate_ = idle ? std::max(delivery_rate_, sample) : sample;
    rate_start_ = now;
    rate_start_acknowledged_ = acknowledged_;
  }
}

// --- segments out ---

bool TcpEndpoint::poll(TimePoint now, Segment& out) {
  out = Segment{};
  if (std::exchange(reset_due_, false)) {
    out.rst = true;
    out.sequence = next_;
    return true;
  }
  if (state_ == State::closed) return false;
  if (state_ != State::established) {
    if (!std::exchange(handshake_due_, false)) return false;
    out.syn = true;
    out.ack = state_ == State::syn_received;
    stamp(out);
    timer_start_ = now;
    return true;
  }
  if (poll_data(now, out)) return true;
  if (!acknowledge_due_ && !probe_due_) return false;
  out.probe = std::exchange(probe_due_, false);
  out.sequence = next_;
  stamp(out);
  return true;
}

bool TcpEndpoint::poll_data(TimePoint now, Segment& out) {
  if (backoff_ > 0 && in_flight()) return false;  // one segment at a time until one is acknowledged
  const std::uint64_t end = std::min(written_, window_end_);
  const bool data = next_ < end;
  const bool fin =
      fin_queued_ && next_ <= written_ &&
      (next_ == written_ || (data && end == written_ && end - next_ <= options_.segment_bytes_max));
  if (!data && !fin) {
    if (waits_for_window() && timer_start_ == kNever) start_timer(now);
    return false;
  }
  out.sequence = next_;
  if (data) {
    out.payload.resize(std::min<std::uint64_t>(end - next_, options_.segment_bytes_max));
    queue_.peek(next_ - acknowledged_, out.payload);
  }
  out.fin = fin;
  if (next_ < highest_sent_) {
    ++retransmissions_;
    timed_sequence_ = 0;
  } else if (timed_sequence_ == 0) {
    timed_sequence_ = next_ + out.payload.size() + (fin ? 1 : 0);
    timed_at_ = now;
  }
  if (!in_flight()) {
    rate_start_ = now;
    rate_start_acknowledged_ = acknowledged_;
    if (backoff_ == 0) stalled_since_ = now;
    timer_start_ = kNever;
  }
  next_ += out.payload.size() + (fin ? 1 : 0);
  highest_sent_ = std::max(highest_sent_, next_);
  stamp(out);
  if (timer_start_ == kNever) start_timer(now);
  return true;
}

void TcpEndpoint::stamp(Segment& out) {
  out.ack = out.ack || !out.syn;
  out.acknowledged = received_;
  const std::uint64_t data_received = received_ - (fin_received_ ? 1 : 0);
  advertised_end_ =
      std::max(advertised_end_, data_received + options_.receive_buffer_bytes - unread_.size());
  out.window_end = advertised_end_;
  acknowledge_due_ = false;
}

// --- timers ---

void TcpEndpoint::start_timer(TimePoint now) { timer_start_ = now; }

Duration TcpEndpoint::retransmit_timeout() const {
  const Duration base = state_ == State::established
                            ? std::max(options_.retransmit_timeout_min, round_trip_ * 2)
                            : Duration(seconds(1));
  return std::min<Duration>(options_.retransmit_timeout_max,
                            base * (std::int64_t{1} << std::min(backoff_, 12)));
}

TimePoint TcpEndpoint::next_timeout() const {
  if (state_ == State::closed) return kNever;
  TimePoint next = linger_until_;
  if (timer_start_ != kNever) {
    next = std::min(next, std::max(timer_start_, path_busy_until_) + retransmit_timeout());
  }
  if (options_.keep_alive && state_ == State::established) {
    next = std::min(next, last_heard_ + kKeepAliveIdle + kKeepAliveInterval * keep_alive_probes_);
  }
  return next;
}

void TcpEndpoint::on_timer(TimePoint now) {
  if (now < next_timeout()) return;
  if (now >= linger_until_) {
    state_ = State::closed;
    return;
  }
  if (options_.keep_alive && state_ == State::established &&
      now >= last_heard_ + kKeepAliveIdle + kKeepAliveInterval * keep_alive_probes_) {
    if (++keep_alive_probes_ > kKeepAliveProbesMax) return fail(-ETIMEDOUT);
    probe_due_ = true;
  }
  if (timer_start_ == kNever ||
      now < std::max(timer_start_, path_busy_until_) + retransmit_timeout()) {
    return;
  }
  ++backoff_;
  timer_start_ = now;
  if (state_ != State::established) {
    if (backoff_ > options_.connect_retries_max) return fail(-ETIMEDOUT);
    handshake_due_ = true;
  } else if (now - stalled_since_ > options_.give_up_after) {
    fail(-ETIMEDOUT);
  } else if (in_flight()) {
    recover_ = highest_sent_;
    retransmit_from_start();
  } else if (waits_for_window()) {
    probe_due_ = true;
  } else {
    timer_start_ = kNever;
    backoff_ = 0;
  }
}

void TcpEndpoint::retransmit_from_start() {
  next_ = acknowledged_;
  timed_sequence_ = 0;
}

void TcpEndpoint::fail(int error) {
  state_ = State::closed;
  error_ = error;
  queue_.clear();
  events_ |= kReadable | kWritable | kConnected;
  timer_start_ = kNever;
}

void TcpEndpoint::reset_peer() {
  state_ = State::closed;
  queue_.clear();
  reset_due_ = true;
  timer_start_ = kNever;
}

}  // namespace longthrow::sim
