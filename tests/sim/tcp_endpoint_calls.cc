// SPDX-License-Identifier: Apache-2.0
// The system calls of a simulated TCP socket.
#include <algorithm>
#include <utility>

#include "tests/sim/tcp_endpoint.h"

namespace longthrow::sim {

int TcpEndpoint::read(ByteSpan into) {
  LT_ASSERT(!into.empty());
  if (state_ == State::syn_sent) return -EAGAIN;
  if (!unread_.empty()) {
    const std::size_t bytes = std::min(into.size(), unread_.size());
    unread_.peek(0, into.first(bytes));
    unread_.consume(bytes);
    // A window update, but no silly small one.
    const std::uint64_t end = received_ + options_.receive_buffer_bytes - unread_.size();
    if (!fin_received_ && end >= advertised_end_ + std::min(options_.receive_buffer_bytes / 2,
                                                            options_.segment_bytes_max)) {
      acknowledge_due_ = true;
    }
    return static_cast<int>(bytes);
  }
  if (fin_received_) return 0;
  if (error_ != 0) return take_error();
  return state_ == State::closed ? 0 : -EAGAIN;
}

int TcpEndpoint::write(ByteView bytes) {
  LT_ASSERT(!bytes.empty());
  if (error_ != 0) return take_error();
  if (state_ == State::closed || fin_queued_) return -EPIPE;
  const std::size_t accepted = std::min(bytes.size(), room());
  blocked_ = accepted < bytes.size();
  if (accepted == 0) return -EAGAIN;
  queue_.push(bytes.first(accepted));
  written_ += accepted;
  return static_cast<int>(accepted);
}

std::size_t TcpEndpoint::room() const {
  if (state_ != State::established) return 0;
  const std::size_t unsent = written_ - std::min(next_, written_);
  const std::size_t unsent_room =
      options_.notsent_lowat_bytes - std::min(options_.notsent_lowat_bytes, unsent);
  return std::min(unsent_room,
                  options_.send_buffer_bytes - std::min(options_.send_buffer_bytes, queue_.size()));
}

unsigned TcpEndpoint::take_events() {
  // The kernel wakes a writer only when a third of the buffer is free.
  if (blocked_ && room() > 0 && queue_.size() <= options_.send_buffer_bytes / 3 * 2) {
    blocked_ = false;
    events_ |= kWritable;
  }
  return std::exchange(events_, 0U);
}

bool TcpEndpoint::shutdown_send() {
  if (state_ == State::closed || state_ == State::syn_sent) return false;
  fin_queued_ = true;
  return true;
}

bool TcpEndpoint::close(TimePoint now, CloseMode mode) {
  orphan_ = true;
  const bool unread = !unread_.empty();
  unread_.clear();
  if (state_ == State::closed) return fin_queued_ && fin_acknowledged();
  if (state_ != State::established || mode == CloseMode::reset || unread) {
    const bool tell_peer = state_ != State::syn_sent;
    reset_peer();
    reset_due_ = tell_peer;
    return false;
  }
  shutdown_send();
  if (fin_acknowledged()) {
    if (fin_received_) {
      state_ = State::closed;
    } else {
      linger_until_ = now + std::chrono::seconds(60);
    }
  }
  return true;
}

SocketStats TcpEndpoint::stats() const {
  SocketStats stats;
  stats.unread_bytes = unread_.size();
  stats.unacknowledged_bytes = written_ + (fin_queued_ ? 1 : 0) - acknowledged_;
  stats.over = state_ == State::closed;
  stats.unsent_bytes = written_ - std::min(written_, next_);
  stats.delivery_rate_bytes_s = delivery_rate_;
  stats.rtt = round_trip_;
  stats.acknowledged_bytes = std::min(acknowledged_, written_);
  return stats;
}

}  // namespace longthrow::sim
