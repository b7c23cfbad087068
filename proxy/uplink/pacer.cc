// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/pacer.h"

#include <algorithm>

namespace longthrow {
namespace {

constexpr double kStep = 1.02;    // probe: raise the rate by 2 % per round trip
constexpr double kStride = 1.25;  // a larger raise, above known_ and without any queue
constexpr double kKnown = 0.97;   // the part of known_ to begin with after a queue
constexpr int kCalmBeforeStride = 4;

}  // namespace

Duration Pacer::interval(Duration rtt) {
  return std::clamp<Duration>(rtt, std::chrono::milliseconds(20), std::chrono::milliseconds(250));
}

std::uint64_t Pacer::update(TimePoint now, const Sample& sample) {
  // The total falls when a lane is gone.
  const bool first = !measured_ || sample.acknowledged_bytes < acknowledged_bytes_;
  const double delivered =
      !first && now > measured_at_
          ? static_cast<double>(sample.acknowledged_bytes - acknowledged_bytes_) /
                seconds_of(now - measured_at_)
          : 0.0;
  measured_ = true;
  measured_at_ = now;
  acknowledged_bytes_ = sample.acknowledged_bytes;
  // Without a backlog neither the rate of delivery nor an empty queue says anything about the path.
  if (first || !sample.backlog || now < yields_until_ || sample.min_rtt <= Duration(0)) {
    return rate_bytes_s();
  }
  const Duration queue = std::max(sample.rtt - sample.min_rtt, Duration(0));
  if (queue > kQueueMax) {
    slow_down(now, queue, delivered);
  } else {
    futile_ = 0;
    speed_up(queue);
  }
  queue_before_ = queue;
  return rate_bytes_s();
}

void Pacer::slow_down(TimePoint now, Duration queue, double delivered) {
  calm_ = 0;
  const bool shrinks = queue < queue_before_ - queue_before_ / 16;
  if (drains_ && shrinks) return;
  futile_ = rate_ > 0 ? futile_ + 1 : 0;
  if (futile_ > kFutileMax) {
    rate_ = 0;
    futile_ = 0;
    drains_ = false;
    yields_until_ = now + yield_;
    yield_ = std::min(yield_ * 2, kYieldMax);
    return;
  }
  // There was a queue all the time, so the rate of delivery is what the path carries.
  const double over = std::min(seconds_of(queue - kQueueMax) / seconds_of(kQueueMax), 1.0);
  known_ = rate_ > 0 ? std::min(rate_, delivered) : delivered;
  rate_ = std::max(known_ * (1.0 - 0.25 * over), static_cast<double>(kRateMin));
  drains_ = true;
}

void Pacer::speed_up(Duration queue) {
  if (rate_ == 0) return;
  if (drains_) {
    if (queue > kQueueMax / 2) return;
    drains_ = false;
    rate_ = std::max(rate_, known_ * kKnown);
    return;
  }
  calm_ = queue < kQueueMax / 4 && rate_ > known_ ? calm_ + 1 : 0;
  rate_ *= calm_ > kCalmBeforeStride ? kStride : kStep;
}

}  // namespace longthrow
