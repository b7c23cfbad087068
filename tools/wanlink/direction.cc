// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/direction.h"

#include <algorithm>
#include <limits>

namespace longthrow::wanlink {

void Direction::on_frame(TimePoint now, ByteView frame) {
  advance(now);
  const auto shape = inspect(frame);
  if (!shape) {
    ++statistics_.malformed;
    return;
  }
  statistics_.in_packets += shape->segments;
  statistics_.in_bytes += shape->payload_bytes + shape->segments * shape->header_bytes;
  if (down_ && settings_.outage_mode == OutageMode::drop) {
    statistics_.lost_to_outage += shape->segments;
    return;
  }
  admit(now, frame, *shape);
  transmit(now);
}

// Walks the segments and queues each run of one fate as a piece.
void Direction::admit(TimePoint now, ByteView frame, const FrameShape& shape) {
  const std::size_t bytes_max = piece_bytes_max();
  SegmentRange run;
  std::size_t run_bytes = 0;
  Fate run_fate = Fate::dropped;
  const auto finish_run = [&] {
    if (run.count == 0 || run_fate == Fate::dropped) return;
    Piece piece{.ip_bytes = run_bytes, .segments = run.count, .time = now};
    if (run_fate == Fate::sent) {
      piece.frame = cut(frame, shape, run);
      if (run.first == 0 && run.count < shape.segments) ++statistics_.cut_frames;
    }
    queue_.push_back(std::move(piece));
  };
  for (std::size_t segment = 0; segment < shape.segments; ++segment) {
    const std::size_t bytes = shape.ip_bytes_of(segment);
    const Fate fate = decide(bytes);
    if (fate != run_fate || run_bytes + bytes > bytes_max) {
      finish_run();
      run = {.first = segment};
      run_bytes = 0;
      run_fate = fate;
    }
    ++run.count;
    run_bytes += bytes;
  }
  finish_run();
  statistics_.queue_bytes_peak = std::max(statistics_.queue_bytes_peak, queued_bytes_);
}

Direction::Fate Direction::decide(std::size_t ip_bytes) {
  const bool limited = settings_.rate_bits_s != 0 || down_;
  const bool queue_full =
      limited && queued_bytes_ != 0 && queued_bytes_ + ip_bytes > settings_.queue_bytes;
  if (queue_full || queued_bytes_ + in_flight_bytes_ + ip_bytes > kHeldBytesMax) {
    ++statistics_.lost_to_queue;
    return Fate::dropped;
  }
  queued_bytes_ += ip_bytes;
  return losses_.loses(settings_) ? Fate::lost : Fate::sent;
}

std::optional<Frame> Direction::poll_frame(TimePoint now) {
  advance(now);
  if (line_.empty() || line_.front().time > now) return std::nullopt;
  Piece piece = std::move(line_.front());
  line_.pop_front();
  in_flight_bytes_ -= piece.ip_bytes;
  statistics_.out_packets += piece.segments;
  statistics_.out_bytes += piece.ip_bytes;
  statistics_.lateness.record(now - piece.time);
  return std::move(piece.frame);
}

TimePoint Direction::next_timeout() const {
  TimePoint next = outages_.next_change(state_time_);
  if (!line_.empty()) return std::min(next, line_.front().time);
  if (!queue_.empty() && !down_) {
    next = std::min(next, transmitted_at(queue_.front()) + settings_.delay);
  }
  return next;
}

void Direction::change(TimePoint now, const DirectionSettings& settings) {
  advance(now);
  settings_ = settings;
  if (down_ && settings_.outage_mode == OutageMode::drop) lose_everything();
}

void Direction::down(TimePoint now) {
  advance(now);
  outages_.command_down();
  enter_state(now);
}

void Direction::up(TimePoint now) {
  advance(now);
  outages_.command_up(now);
  enter_state(now);
}

void Direction::outage(TimePoint now, Duration length) {
  advance(now);
  outages_.command_outage(now, length);
  enter_state(now);
}

// Brings the transmitter and the outages up to `now`, in the order in which things happened.
void Direction::advance(TimePoint now) {
  LT_ASSERT(now >= state_time_);
  for (TimePoint change = outages_.next_change(state_time_); change <= now;
       change = outages_.next_change(state_time_)) {
    transmit(change);
    enter_state(change);
  }
  transmit(now);
  state_time_ = now;
}

void Direction::enter_state(TimePoint time) {
  const bool was_down = down_;
  down_ = outages_.down_at(time);
  state_time_ = time;
  if (down_ && !was_down) {
    ++statistics_.outages;
    if (settings_.outage_mode == OutageMode::drop) lose_everything();
  }
  if (!down_ && was_down) wire_free_at_ = std::max(wire_free_at_, time);
}

void Direction::lose_everything() {
  for (const auto* pieces : {&queue_, &line_}) {
    for (const Piece& piece : *pieces) statistics_.lost_to_outage += piece.segments;
  }
  queue_.clear();
  line_.clear();
  queued_bytes_ = 0;
  in_flight_bytes_ = 0;
}

void Direction::transmit(TimePoint until) {
  while (!down_ && !queue_.empty()) {
    const TimePoint done = transmitted_at(queue_.front());
    if (done > until) return;
    Piece piece = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= piece.ip_bytes;
    wire_free_at_ = done;
    if (piece.frame.empty()) {
      statistics_.lost_by_chance += piece.segments;
      continue;
    }
    const auto extra = static_cast<Duration::rep>(jitter_.fraction() *
                                                  static_cast<double>(settings_.jitter.count()));
    last_delivery_ = std::max(last_delivery_, done + settings_.delay + Duration(extra));
    piece.time = last_delivery_;
    in_flight_bytes_ += piece.ip_bytes;
    line_.push_back(std::move(piece));
  }
}

TimePoint Direction::transmitted_at(const Piece& piece) const {
  return std::max(piece.time, wire_free_at_) + wire_time(piece.ip_bytes);
}

Duration Direction::wire_time(std::size_t ip_bytes) const {
  if (settings_.rate_bits_s == 0) return Duration(0);
  const double seconds =
      static_cast<double>(ip_bytes) * 8 / static_cast<double>(settings_.rate_bits_s);
  return Duration(static_cast<Duration::rep>(std::min(seconds * 1e9, 1e15)));
}

std::size_t Direction::piece_bytes_max() const {
  if (settings_.rate_bits_s == 0) return std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>(static_cast<double>(settings_.rate_bits_s) / 8 *
                                  std::chrono::duration<double>(kPieceDurationMax).count());
}

}  // namespace longthrow::wanlink
