// SPDX-License-Identifier: Apache-2.0
// A source, workers and a link around a Ladder: a closed loop in steps of 1 ms.
#pragma once

#include <algorithm>
#include <deque>
#include <limits>
#include <optional>
#include <random>

#include "proxy/codec/ladder.h"

namespace longthrow {

struct RungTruth {
  double speed;  // raw bytes/s of one worker
  double ratio;
};
using Data = std::array<RungTruth, Ladder::kRungs>;

inline constexpr double kMega = 1e6;
// Measured on 256 KiB blocks; another machine than the one whose numbers the ladder starts with.
inline constexpr Data kText = {{{6e9, 1},
                                {700e6, .392},
                                {560e6, .362},
                                {500e6, .335},
                                {430e6, .265},
                                {300e6, .243},
                                {120e6, .228}}};
inline constexpr Data kZeros = {{{6e9, 1},
                                 {2000e6, .075},
                                 {1600e6, .067},
                                 {1500e6, .062},
                                 {1350e6, .050},
                                 {1100e6, .047},
                                 {500e6, .044}}};
inline constexpr Data kRandom = {
    {{6e9, 1}, {6e9, 1}, {5e9, 1}, {5e9, 1}, {4e9, 1}, {2.5e9, 1}, {1e9, 1}}};

struct LadderWorld {
  Data data = kText;
  double link_bytes_s = 10 * kMega;
  double source_bytes_s = std::numeric_limits<double>::infinity();
  int workers = 1;
  std::size_t buffer_bytes = 64 * kMiB;  // compressed
};

class LadderModel {
 public:
  explicit LadderModel(LadderWorld start) : world(start) {}

  LadderWorld world;

  // Always this rung, the ladder is not asked.
  void fix(CodecSpec spec) { fixed_ = spec; }
  // Returns the raw bytes per second that arrived.
  double run(double seconds) {
    const double delivered_before = delivered_;
    for (int i = 0; i < static_cast<int>(seconds * 1000); ++i) step();
    return (delivered_ - delivered_before) / seconds;
  }
  CodecSpec current() const { return ladder_.current(); }
  Ladder::Limit limit() const { return ladder_.limit(); }
  int switches() const { return switches_; }
  double taken_in() const { return taken_in_; }
  double busy() const { return last_busy_; }
  double wire_bytes() const { return wire_out_total_; }

 private:
  static constexpr double kFrame = 256 * kKiB;
  struct Frame {
    double raw;
    double out;
    double left;
  };

  void step() {
    now_ += std::chrono::milliseconds(1);
    take_in();
    work();
    send();
    if (++steps_ % 250 == 0) interval();
  }
  void take_in() {
    const double room = world.workers * 10.0 * kMiB - raw_waiting_;
    const double bytes = std::min(room, world.source_bytes_s / 1000);
    raw_waiting_ += bytes;
    taken_in_ += bytes;
    raw_in_ += bytes;
  }
  void work() {
    time_left_ = std::min(time_left_, 0.0) + 0.001 * world.workers;
    while (time_left_ > 0 && raw_waiting_ >= kFrame &&
           backlog_ < static_cast<double>(world.buffer_bytes)) {
      const CodecSpec spec = fixed_ ? *fixed_ : ladder_.choose();
      const auto rung = static_cast<std::size_t>(
          std::find(Ladder::kSpecs.begin(), Ladder::kSpecs.end(), spec) - Ladder::kSpecs.begin());
      const RungTruth truth = world.data[rung];
      const double time = kFrame / truth.speed * noise();
      const double out =
          std::min(kFrame, truth.ratio == 1 ? kFrame : kFrame * truth.ratio * noise());
      ladder_.on_frame(spec, static_cast<std::size_t>(kFrame), static_cast<std::size_t>(out),
                       std::chrono::nanoseconds(static_cast<long>(time * 1e9)));
      time_left_ -= time;
      busy_s_ += time;
      raw_waiting_ -= kFrame;
      backlog_ += out;
      queue_.push_back({kFrame, out, out});
    }
  }
  void send() {
    double bytes = world.link_bytes_s / 1000;
    while (bytes > 0 && !queue_.empty()) {
      Frame& frame = queue_.front();
      const double sent = std::min(bytes, frame.left);
      bytes -= sent;
      frame.left -= sent;
      backlog_ -= sent;
      wire_out_ += sent;
      wire_out_total_ += sent;
      delivered_ += frame.raw * sent / frame.out;
      if (frame.left <= 0) queue_.pop_front();
    }
  }
  void interval() {
    const CodecSpec before = ladder_.current();
    last_busy_ = std::min(1.0, busy_s_ / (0.25 * world.workers));
    ladder_.on_interval(now_,
                        {.interval = std::chrono::milliseconds(250),
                         .raw_in_bytes = static_cast<std::uint64_t>(raw_in_),
                         .raw_waiting_bytes = static_cast<std::uint64_t>(raw_waiting_),
                         .busy = last_busy_,
                         .wire_backlog_bytes = static_cast<std::uint64_t>(std::max(0.0, backlog_)),
                         .wire_out_bytes = static_cast<std::uint64_t>(wire_out_),
                         .workers = world.workers});
    if (!(ladder_.current() == before)) ++switches_;
    raw_in_ = busy_s_ = wire_out_ = 0;
  }
  double noise() { return std::uniform_real_distribution<double>(0.85, 1.15)(random_); }

  Ladder ladder_;
  std::optional<CodecSpec> fixed_;
  std::minstd_rand random_{42};
  TimePoint now_{};
  std::deque<Frame> queue_;
  std::uint64_t steps_ = 0;
  double raw_waiting_ = 0, backlog_ = 0, time_left_ = 0, delivered_ = 0, taken_in_ = 0;
  double raw_in_ = 0, busy_s_ = 0, wire_out_ = 0, wire_out_total_ = 0, last_busy_ = 0;
  int switches_ = 0;
};

// What the best of all fixed rungs would move, raw bytes per second.
inline double best_fixed(const LadderWorld& world) {
  double best = 0;
  for (const RungTruth& rung : world.data) {
    best = std::max(best, std::min({world.workers * rung.speed, world.link_bytes_s / rung.ratio,
                                    world.source_bytes_s}));
  }
  return best;
}

}  // namespace longthrow
