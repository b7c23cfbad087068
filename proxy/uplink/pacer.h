// SPDX-License-Identifier: Apache-2.0
// Chooses how fast the bulk lanes of a link may send, so that the queue in front of the WAN stays
// short and an express channel's ping does not wait in it. The round trip shows a queue, and the
// acknowledgements show what drains it. The idea is that of delay-based congestion control (RFC
// 6817, TCP Vegas), applied to a pacing rate that the kernel enforces (SO_MAX_PACING_RATE), beneath
// whatever congestion control the lanes have. Pure.
#pragma once

#include <cstdint>

#include "longthrow/time.h"

namespace longthrow {

class Pacer {
 public:
  // The longest time, on average, that a byte may wait in the queue.
  static constexpr Duration kQueueMax = std::chrono::milliseconds(25);
  static constexpr std::uint64_t kRateMin = 16'384;  // bytes/s

  // Numbers of all bulk lanes together.
  struct Sample {
    Duration rtt{0};                       // smoothed, now
    Duration min_rtt{0};                   // without a queue
    std::uint64_t acknowledged_bytes = 0;  // totals of the lanes that are up
    bool backlog = false;                  // the lanes had more bytes than they could send
  };

  // One step, about once per round trip. Returns the rate for all bulk lanes together in bytes/s;
  // 0: unlimited.
  std::uint64_t update(TimePoint now, const Sample& sample);
  [[nodiscard]] std::uint64_t rate_bytes_s() const { return static_cast<std::uint64_t>(rate_); }
  // When the next step is due.
  [[nodiscard]] static Duration interval(Duration rtt);
  // Call it when steps were left out: the next sample only begins a measurement.
  void restart() { measured_ = false; }

 private:
  // After kFutileMax steps in vain the pacer stops limiting for a while (kYieldFirst, doubling up
  // to kYieldMax). Others fill the queue, too, or the path has become longer, so slowing down does
  // not help.
  static constexpr int kFutileMax = 6;
  static constexpr Duration kYieldFirst = std::chrono::seconds(10);
  static constexpr Duration kYieldMax = std::chrono::seconds(160);

  void slow_down(TimePoint now, Duration queue, double delivered);
  void speed_up(Duration queue);

  double rate_ = 0.0;    // 0: unlimited
  double known_ = 0.0;   // what the path carried when it last had a queue
  bool drains_ = false;  // the rate is below known_ until the queue is gone
  bool measured_ = false;
  TimePoint measured_at_{};
  std::uint64_t acknowledged_bytes_ = 0;
  int calm_ = 0;    // steps in a row with hardly any queue
  int futile_ = 0;  // steps in a row that slowed down, and the queue stayed
  Duration queue_before_{0};
  Duration yield_ = kYieldFirst;
  TimePoint yields_until_{};
};

}  // namespace longthrow
