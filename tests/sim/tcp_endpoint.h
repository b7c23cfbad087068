// SPDX-License-Identifier: Apache-2.0
// One end of a simulated TCP connection, pure: segments and times in, segments out, no network.
//
// What it has of TCP: handshake, sequence numbers, a receive window, acknowledgement,
// retransmission with back-off (go-back-N, no reassembly: the receiver drops what is ahead), fast
// retransmit, zero-window probes, keep-alive, half-close, reset, orphans. What it has not:
// congestion control (the network's queue is endless, so delay grows instead), urgent data,
// selective acknowledgement. The errors are Linux's, as measured on 6.18, because they are traps
// that a program must survive:
// - unread data survives a reset of the peer and can still be read; then comes the error;
// - the error of a reset is reported once, to whoever calls first: when a write took it, the next
// read
//   returns 0, which looks like a clean end;
// - a close with unread data, or data that arrives after a close, resets the connection;
// - SIOCOUTQ counts a FIN as one byte, and keeps its last value after a reset.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "longthrow/loop.h"
#include "tests/sim/byte_ring.h"

namespace longthrow::sim {

struct Segment {
  bool syn = false;
  bool ack = false;
  bool fin = false;
  bool rst = false;
  bool probe = false;          // asks for an acknowledgement
  std::uint64_t sequence = 0;  // offset of the first payload byte; a FIN counts as one byte
  std::uint64_t acknowledged = 0;
  std::uint64_t window_end = 0;  // the sender of this segment accepts bytes below it
  std::vector<std::byte> payload;
};

// What a socket may do now that it could not before.
enum Readiness : unsigned { kReadable = 1, kWritable = 2, kConnected = 4, kAcceptable = 8 };

struct TcpOptions {
  std::size_t send_buffer_bytes = 256 * kKiB;
  std::size_t receive_buffer_bytes = 256 * kKiB;
  std::size_t notsent_lowat_bytes = SIZE_MAX;  // unsent bytes above which writes wait
  std::size_t segment_bytes_max = 32 * kKiB;
  bool reset_on_death = false;  // SO_LINGER {1, 0}
  bool keep_alive = false;
  Duration retransmit_timeout_min = std::chrono::milliseconds(200);
  Duration retransmit_timeout_max = std::chrono::seconds(120);
  Duration give_up_after = std::chrono::seconds(924);  // tcp_retries2 = 15
  int connect_retries_max = 6;                         // tcp_syn_retries: 127 s
};

class TcpEndpoint {
 public:
  TcpEndpoint(const TcpOptions& options, bool dialling, TimePoint now);

  // The network's side. After any call: take what `poll` gives until it gives nothing, then the
  // events, then `next_timeout` and `gone`.
  void on_segment(TimePoint now, const Segment& segment);
  void on_timer(TimePoint now);
  // Everything under way on the path has arrived by `until`: no retransmission is due before.
  void note_path_busy(TimePoint until) { path_busy_until_ = std::max(path_busy_until_, until); }
  [[nodiscard]] bool poll(TimePoint now, Segment& out);
  [[nodiscard]] unsigned take_events();
  [[nodiscard]] TimePoint next_timeout() const;
  // Nothing more will come from it; forget it.
  [[nodiscard]] bool gone() const { return state_ == State::closed && orphan_ && !reset_due_; }
  // Gone with both FINs exchanged: the last acknowledgement must be repeated on request.
  [[nodiscard]] bool ended_cleanly() const { return fin_received_ && fin_acknowledged(); }
  [[nodiscard]] std::uint64_t received_sequence() const { return received_; }

  // The program's side; results are >= 0 or -errno, as of non-blocking calls.
  [[nodiscard]] int read(ByteSpan into);
  [[nodiscard]] int write(ByteView bytes);
  bool shutdown_send();  // false: no FIN is queued
  void set_reset_on_death(bool on) { options_.reset_on_death = on; }
  void set_keep_alive(TimePoint now) {
    options_.keep_alive = true;
    last_heard_ = now;
  }
  // True when a FIN is (or was) queued, false when the close resets.
  bool close(TimePoint now, CloseMode mode);

  [[nodiscard]] bool connecting() const { return state_ == State::syn_sent; }
  [[nodiscard]] bool closed() const { return state_ == State::closed; }
  [[nodiscard]] bool send_ended() const { return fin_queued_ || state_ == State::closed; }
  [[nodiscard]] bool half_open() const { return state_ == State::syn_received; }
  [[nodiscard]] bool readable() const {
    return !unread_.empty() || fin_received_ || (state_ == State::closed && !orphan_);
  }
  [[nodiscard]] std::size_t unread_bytes() const { return unread_.size(); }
  [[nodiscard]] int take_error() { return std::exchange(error_, 0); }  // SO_ERROR; <= 0
  [[nodiscard]] SocketStats stats() const;
  [[nodiscard]] const TcpOptions& options() const { return options_; }
  [[nodiscard]] std::uint64_t retransmissions() const { return retransmissions_; }
  // Bytes of program data that the other end's TCP has taken.
  [[nodiscard]] std::uint64_t acknowledged_bytes() const {
    return std::min(acknowledged_, written_);
  }

 private:
  enum class State : std::uint8_t { syn_sent, syn_received, established, closed };

  void on_reset();
  bool on_handshake(TimePoint now, const Segment& segment);
  void on_acknowledgement(TimePoint now, const Segment& segment);
  void on_payload(const Segment& segment);
  void measure(TimePoint now);
  void fail(int error);
  void reset_peer();
  bool poll_data(TimePoint now, Segment& out);
  void stamp(Segment& out);
  void start_timer(TimePoint now);
  void retransmit_from_start();
  [[nodiscard]] std::size_t room() const;
  [[nodiscard]] bool fin_acknowledged() const {
    return fin_queued_ && acknowledged_ == written_ + 1;
  }
  [[nodiscard]] bool in_flight() const { return next_ > acknowledged_; }
  [[nodiscard]] bool waits_for_window() const { return !in_flight() && next_ < written_; }
  [[nodiscard]] Duration retransmit_timeout() const;

  TcpOptions options_;
  State state_;
  int error_ = 0;  // pending, <= 0
  bool orphan_ = false;
  bool blocked_ = false;  // a write found no room
  unsigned events_ = 0;

  // Sending. INVARIANT: acknowledged_ <= next_ <= written_ + 1; queue_ holds [acknowledged_,
  // written_).
  ByteRing queue_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t highest_sent_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t window_end_ = 0;  // the peer's
  bool fin_queued_ = false;
  bool handshake_due_ = false;
  bool reset_due_ = false;
  bool probe_due_ = false;
  bool acknowledge_due_ = false;

  // Receiving.
  ByteRing unread_;
  std::uint64_t received_ = 0;
  std::uint64_t advertised_end_ = 0;
  bool fin_received_ = false;

  // Timers and measurements.
  TimePoint timer_start_ = kNever;  // kNever: no retransmission timer
  TimePoint path_busy_until_{};
  TimePoint stalled_since_{};
  TimePoint last_heard_{};
  TimePoint linger_until_ = kNever;
  int backoff_ = 0;
  int keep_alive_probes_ = 0;
  int duplicate_acks_ = 0;
  std::uint64_t recover_ = 0;
  std::uint64_t timed_sequence_ = 0;  // 0: no round trip is being measured
  TimePoint timed_at_{};
  Duration round_trip_{0};
  TimePoint rate_start_{};
  std::uint64_t rate_start_acknowledged_ = 0;
  std::uint64_t delivery_rate_ = 0;
  std::uint64_t retransmissions_ = 0;
};

}  // namespace longthrow::sim
