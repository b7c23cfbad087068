// SPDX-License-Identifier: Apache-2.0
// Rates, for the status and for the choice of a codec. Pure.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

#include "longthrow/time.h"

namespace longthrow {

// Bytes per second, smoothed over about 2 s.
class RateMeter {
 public:
  void update(Duration interval, std::uint64_t total_bytes) {
    const double seconds = seconds_of(interval);
    if (seconds <= 0) return;
    const double now = static_cast<double>(total_bytes - last_total_bytes_) / seconds;
    last_total_bytes_ = total_bytes;
    rate_ += (now - rate_) * (1 - std::exp(-seconds / 2.0));
  }
  [[nodiscard]] double bytes_s() const { return rate_; }

 private:
  std::uint64_t last_total_bytes_ = 0;
  double rate_ = 0.0;
};

// Raw bytes divided by compressed bytes, over the last seconds in which there were any.
class RecentRatio {
 public:
  void update(Duration interval, std::uint64_t raw_total, std::uint64_t wire_total) {
    const auto raw = static_cast<double>(raw_total - raw_total_);
    const auto wire = static_cast<double>(wire_total - wire_total_);
    if (raw_total == raw_total_ || wire_total == wire_total_) return;
    raw_total_ = raw_total;
    wire_total_ = wire_total;
    const double kept = std::exp(-seconds_of(interval) / 10.0);
    raw_ = raw_ * kept + raw;
    wire_ = wire_ * kept + wire;
  }
  // No value: nothing was compressed yet.
  [[nodiscard]] std::optional<double> value() const {
    return wire_ > 0 ? std::optional(raw_ / wire_) : std::nullopt;
  }

 private:
  std::uint64_t raw_total_ = 0;
  std::uint64_t wire_total_ = 0;
  double raw_ = 0.0;
  double wire_ = 0.0;
};

// The rates of a link, from its totals at each tick.
class LinkRates {
 public:
  // Totals since the link was started.
  struct Flow {
    std::uint64_t raw_in_bytes = 0;         // read from legs
    std::uint64_t frame_bytes_out = 0;      // sent in frames
    std::uint64_t framed_raw_bytes = 0;     // in frames made, before compression
    std::uint64_t framed_stored_bytes = 0;  // the same bytes after it
  };
  void update(Duration interval, const Flow& flow) {
    in_.update(interval, flow.raw_in_bytes);
    out_.update(interval, flow.frame_bytes_out);
    ratio_.update(interval, flow.framed_raw_bytes, flow.framed_stored_bytes);
    last_ = {.raw_in_bytes = flow.raw_in_bytes - before_.raw_in_bytes,
             .frame_bytes_out = flow.frame_bytes_out - before_.frame_bytes_out};
    before_ = flow;
  }
  [[nodiscard]] double in_bytes_s() const { return in_.bytes_s(); }
  [[nodiscard]] double out_bytes_s() const { return out_.bytes_s(); }
  [[nodiscard]] std::optional<double> ratio() const { return ratio_.value(); }
  // Bytes between the last two updates.
  struct Interval {
    std::uint64_t raw_in_bytes = 0;
    std::uint64_t frame_bytes_out = 0;
  };
  [[nodiscard]] const Interval& last() const { return last_; }

 private:
  RateMeter in_;
  RateMeter out_;
  RecentRatio ratio_;
  Flow before_;
  Interval last_;
};

}  // namespace longthrow
