// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/lane.h"

#include <array>
#include <cstring>

namespace longthrow {
namespace {

// `result`: a negative errno value.
Error from_kernel(int result) { return {.message = std::strerror(-result), .os_errno = -result}; }

}  // namespace

Lane::Lane(Loop& loop, Socket socket, std::unique_ptr<TlsEngine> engine, wire::HelloRole role)
    : loop_(loop),
      socket_(socket),
      engine_(std::move(engine)),
      role_(role),
      last_received_at_(loop.now()) {
  receive_.bind<&Lane::on_received>(this);
  send_.bind<&Lane::on_sent>(this);
  finish_timer_.bind<&Lane::on_finish_timeout>(this);
  if (const auto local = loop.local_endpoint(socket)) local_ = to_string(*local);
  if (const auto remote = loop.remote_endpoint(socket)) remote_ = to_string(*remote);
}

Lane::~Lane() { close(CloseMode::reset); }

bool Lane::idle() const {
  return state_ == State::closed && !receive_.in_flight() && !send_.in_flight();
}

Duration Lane::unread_for() {
  const SocketStats stats = loop_.stats(socket_);
  return unread_watch_.observe(loop_.now(), {.acknowledged_bytes = stats.acknowledged_bytes,
                                             .waiting_bytes = stats.unacknowledged_bytes});
}

void Lane::start(LaneHandler& handler) {
  handler_ = &handler;
  if (auto started = engine_->start(pending_); !started) {
    end(started.error());
    return;
  }
  flush();
  receive();
  if (engine_->established()) handler_->on_lane_established(*this);
}

void Lane::receive() {
  if (state_ == State::closed || receive_.in_flight()) return;
  received_.resize(trusted_ ? kReceiveBytes : kStrangerReceiveBytes);
  loop_.receive(receive_, socket_, received_);
}

void Lane::on_received(int result) {
  if (state_ == State::closed) return;
  if (result <= 0 || broken_) {
    if (broken_ && state_ == State::open) {
      end(*broken_);
    } else if (state_ == State::finishing) {
      close(CloseMode::graceful);
    } else if (result == 0) {
      end_with_peer(CloseMode::graceful,
                    {ErrorCode::peer_closed, "the connection was closed by the peer"});
    } else {
      end_with_peer(CloseMode::reset, from_kernel(result));
    }
    return;
  }
  last_received_at_ = loop_.now();
  received_bytes += static_cast<std::uint64_t>(result);
  if (state_ == State::open) {
    const auto fed = feed(ByteView(received_).first(static_cast<std::size_t>(result)));
    if (!fed && state_ == State::open) {
      flush();
      end(fed.error());
      return;
    }
    if (state_ == State::open) handler_->on_lane_turn(*this);
    if (state_ == State::open) flush();
  }
  receive();
}

Result<void> Lane::feed(ByteView cipher) {
  while (state_ == State::open) {
    const bool was_established = engine_->established();
    const auto progress = engine_->open(cipher, reader_.want(), pending_);
    if (!progress) return std::unexpected(progress.error());
    cipher = cipher.subspan(progress->consumed_bytes);
    if (!was_established && engine_->established()) {
      handler_->on_lane_established(*this);
      if (state_ != State::open) return {};
    }
    if (progress->produced_bytes > 0) {
      const auto record = reader_.advance(progress->produced_bytes);
      if (!record) return std::unexpected(record.error());
      if (record->has_value()) {
        if (auto handled = handler_->on_lane_record(*this, **record); !handled) return handled;
      }
    } else if (progress->consumed_bytes == 0) {
      break;
    }
  }
  return {};
}

void Lane::send(ByteView records) {
  if (state_ != State::open) return;
  if (auto sealed = engine_->seal(records, pending_); !sealed) {
    // The cancelled receive reports the error, so that no caller of send() loses the lane during
    // its call.
    broken_ = sealed.error();
    loop_.cancel(receive_);
    return;
  }
  if (!has_room()) room_wanted_ = true;
  flush();
}

void Lane::flush() {
  if (state_ == State::closed || send_.in_flight() || pending_.empty()) return;
  sending_.clear();
  sending_.swap(pending_);
  const std::array<ByteView, 1> pieces{sending_.view()};
  loop_.send(send_, socket_, pieces);
}

void Lane::on_sent(int result) {
  if (state_ == State::closed) return;
  const bool all = result >= 0 && static_cast<std::size_t>(result) == sending_.size();
  if (!all) {
    if (state_ == State::finishing) {
      close(CloseMode::reset);
    } else {
      end(result < 0 ? from_kernel(result)
                     : Error{.message = "the connection broke while sending"});
    }
    return;
  }
  sent_bytes += sending_.size();
  sending_.clear();
  flush();
  if (state_ == State::finishing) {
    if (!send_.in_flight()) loop_.shutdown_send(socket_);
    return;
  }
  if (room_wanted_ && has_room()) {
    room_wanted_ = false;
    handler_->on_lane_room(*this);
  }
}

void Lane::finish() {
  if (state_ != State::open) return;
  handler_ = nullptr;
  engine_->finish(pending_);
  engine_.reset();  // the last bytes are encrypted; this frees most of the lane's memory
  state_ = State::finishing;
  loop_.arm(finish_timer_, loop_.now() + kFinishTime);
  flush();
  if (!send_.in_flight()) loop_.shutdown_send(socket_);
}

void Lane::on_finish_timeout() {
  if (state_ == State::finishing) drop();
}

void Lane::drop() {
  handler_ = nullptr;
  close(CloseMode::reset);
  tell_if_idle();
}

void Lane::end(const Error& why) {
  if (state_ != State::open) return;
  LaneHandler* handler = std::exchange(handler_, nullptr);
  // At most an alert or a bye is pending. finish() sends it in order before the end.
  finish();
  handler->on_lane_closed(*this, why);
}

// The peer receives nothing any more, so there is nothing to wait for.
void Lane::end_with_peer(CloseMode mode, const Error& why) {
  if (state_ != State::open) return;
  LaneHandler* handler = std::exchange(handler_, nullptr);
  close(mode);
  handler->on_lane_closed(*this, why);
}

void Lane::close(CloseMode mode) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  engine_.reset();
  loop_.disarm(finish_timer_);
  loop_.close(socket_, mode);
}

}  // namespace longthrow
