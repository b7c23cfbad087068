// SPDX-License-Identifier: Apache-2.0
// Which changes of a link that goes up and down are logged: each of the first ones; then, ever more
// rarely, how many there were; and at last that the link has calmed down. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "longthrow/time.h"
#include "proxy/base/line_budget.h"
#include "proxy/base/planted.h"

namespace longthrow {

// An episode is a link's going down and all that follows until it goes down again. Of a link that
// goes up and down all day, some 17 episodes and 20 summaries are logged.
class FlapGate {
 public:
  static constexpr std::uint64_t kBurst = 5;
  static constexpr Duration kEvery = std::chrono::hours(2);
  static constexpr Duration kFirst = std::chrono::minutes(10);
  static constexpr Duration kLast = std::chrono::hours(2);
  static constexpr Duration kCalm = std::chrono::hours(1);

  // The link goes down: a new episode.
  void on_down(TimePoint now) {
    if (budget_.full(now)) interval_ = kFirst;
    said_ = budget_.take(now) || planted(Plant::flaps_fill_log);
    last_at_ = now;
    if (!said_ && !since_) {
      since_ = now;
      summary_at_ = now + interval_;
    }
  }
  // Whether lines of the present episode may be logged.
  [[nodiscard]] bool says() const { return said_; }

  struct Summary {
    std::uint64_t episodes = 0;  // that were left out since `since`
    TimePoint since;
    bool calm = false;  // it has not gone down for kCalm
  };
  // Now and then, while episodes were left out.
  [[nodiscard]] std::optional<Summary> look(TimePoint now) {
    const bool calm = now - last_at_ >= kCalm;
    if (!since_ || (!calm && now < summary_at_)) return std::nullopt;
    const Summary summary{.episodes = budget_.take_left_out(), .since = *since_, .calm = calm};
    if (summary.calm) {
      since_.reset();
      said_ = true;
    } else {
      since_ = now;
    }
    interval_ = std::min(interval_ * 2, kLast);
    summary_at_ = now + interval_;
    return summary;
  }

 private:
  LineBudget budget_{kBurst, kEvery};
  bool said_ = true;
  Duration interval_ = kFirst;  // between summaries
  TimePoint last_at_{};         // it went down
  std::optional<TimePoint> since_;
  TimePoint summary_at_{};
};

}  // namespace longthrow
