// SPDX-License-Identifier: Apache-2.0
// Replication lag as DRBD itself sees it: the age of the oldest barrier that went to the peer and
// was not acknowledged. An acknowledgement says that all writes before the barrier are on the
// peer's disk. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "longthrow/time.h"

namespace longthrow::drbd {

// Acknowledgements come in the order of their barriers, so that counting is enough.
class BarrierClock {
 public:
  // `total` barriers were sent (on_sent), or acknowledged (on_acknowledged), by now.
  void on_sent(std::uint64_t total, TimePoint now) {
    for (; sent_ < total; ++sent_) {
      // Beyond the limit the youngest barriers are not timed. They count with the time of the last
      // one kept.
      if (open_.size() < kOpenMax) open_.push_back({sent_ + 1, now});
    }
  }
  void on_acknowledged(std::uint64_t total) {
    acknowledged_ = total;
    while (open_.size() > 1 && open_[1].number <= total + 1) open_.pop_front();
    if (acknowledged_ >= sent_) open_.clear();
  }
  [[nodiscard]] std::uint64_t open() const {
    return sent_ > acknowledged_ ? sent_ - acknowledged_ : 0;
  }
  // When the oldest barrier without an answer was sent.
  [[nodiscard]] std::optional<TimePoint> oldest() const {
    if (open_.empty()) return std::nullopt;
    return open_.front().sent_at;
  }

 private:
  static constexpr std::size_t kOpenMax = 16384;
  struct Barrier {
    std::uint64_t number;
    TimePoint sent_at;
  };
  std::deque<Barrier> open_;
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace longthrow::drbd
