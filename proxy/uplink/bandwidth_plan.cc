// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/bandwidth_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace longthrow {

void BandwidthPlan::configure(std::uint64_t otherwise_bytes_s,
                              std::vector<BandwidthWindow> windows) {
  otherwise_bytes_s_ = otherwise_bytes_s;
  windows_ = std::move(windows);
  window_ = started_ ? window_at(now_) : kNoWindow;
  set_bytes_s_.reset();
  rate_bytes_s_ = target_bytes_s_ = target_bytes_s();
}

void BandwidthPlan::set(std::uint64_t bytes_s) {
  set_bytes_s_ = rate_bytes_s_ = target_bytes_s_ = bytes_s;
}

std::size_t BandwidthPlan::window_at(WeekMinute time) const {
  const auto found =
      std::ranges::find_if(windows_, [&](const auto& window) { return window.contains(time); });
  return found != windows_.end() ? static_cast<std::size_t>(found - windows_.begin()) : kNoWindow;
}

std::uint64_t BandwidthPlan::target_bytes_s() const {
  if (set_bytes_s_) return *set_bytes_s_;
  return window_ != kNoWindow ? windows_[window_].bytes_s : otherwise_bytes_s_;
}

void BandwidthPlan::on_tick(WeekMinute now) {
  now_ = now;
  const std::size_t window = window_at(now);
  const bool first = !std::exchange(started_, true);
  if (window != window_) {
    window_ = window;
    if (!first) set_bytes_s_.reset();
  }
  const std::uint64_t target = target_bytes_s();
  if (std::exchange(target_bytes_s_, target) != target) steps_left_ = kSteps;
  if (first || target == 0 || rate_bytes_s_ == 0) steps_left_ = 0;
  step_to(target);
}

// The same ratio at each step.
void BandwidthPlan::step_to(std::uint64_t target) {
  if (steps_left_ <= 1 || rate_bytes_s_ == target) {
    steps_left_ = 0;
    rate_bytes_s_ = target;
    return;
  }
  const auto rate = static_cast<double>(rate_bytes_s_);
  const double ratio = std::pow(static_cast<double>(target) / rate, 1.0 / steps_left_);
  --steps_left_;
  rate_bytes_s_ = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rate * ratio));
}

const BandwidthWindow* BandwidthPlan::window() const {
  return window_ != kNoWindow ? &windows_[window_] : nullptr;
}

std::optional<int> BandwidthPlan::minutes_to_change() const {
  if (!started_) return std::nullopt;
  std::vector<int> waits;
  for (const BandwidthWindow& window : windows_) {
    for (const WeekMinute edge : window.edges()) {
      const int wait = (edge - now_ + kWeekMinutes) % kWeekMinutes;
      if (wait > 0) waits.push_back(wait);
    }
  }
  std::ranges::sort(waits);
  for (const int wait : waits) {
    if (window_at((now_ + wait) % kWeekMinutes) != window_) return wait;
  }
  return std::nullopt;
}

}  // namespace longthrow
