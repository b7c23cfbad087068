// SPDX-License-Identifier: Apache-2.0
#include "proxy/trace/replay.h"

#include <algorithm>
#include <numeric>

namespace longthrow::trace {
namespace {

// What has come and left, at the ends of steps. The source gives a byte when there is room for it,
// so the curve of what was accepted says how old a byte in the buffer is.
class LagMeter {
 public:
  void begin() { points_ = {{0.0, 0.0}}, next_ = 0; }
  // The age of the oldest byte in the buffer.
  double note(double seconds, double accepted, double left) {
    points_.push_back({points_.back().seconds + seconds, accepted});
    if (accepted - left < 1.0) return 0.0;
    while (points_[next_].accepted <= left) ++next_;
    const Point& above = points_[next_];
    const Point& below = points_[next_ - (next_ == 0 ? 0 : 1)];
    const double rise = above.accepted - below.accepted;
    const double part = rise > 0 ? (left - below.accepted) / rise : 0.0;
    return points_.back().seconds - (below.seconds + part * (above.seconds - below.seconds));
  }

 private:
  struct Point {
    double seconds = 0.0;
    double accepted = 0.0;
  };
  std::vector<Point> points_;
  std::size_t next_ = 0;
};

// How long a queue that goes evenly from one size to another within `seconds` is above `limit`.
double time_above(double from, double to, double seconds, double limit) {
  if (from <= limit && to <= limit) return 0.0;
  if (from > limit && to > limit) return seconds;
  return seconds * (std::max(from, to) - limit) / std::abs(to - from);
}

class Windows {
 public:
  explicit Windows(Replay& into) : into_(into) {}
  void note(const Step& step, double above_s, double waiting) {
    if (above_s <= 0.0) return end();
    if (open_.seconds == 0.0) open_.from_wall = step.wall;
    open_.seconds += above_s;
    open_.waiting_bytes = std::max(open_.waiting_bytes, waiting);
    into_.slowed_s += above_s;
  }
  void end() {
    if (open_.seconds == 0.0) return;
    ++into_.windows;
    auto& worst = into_.worst;
    worst.insert(std::ranges::upper_bound(worst, open_.seconds, std::greater<>(), &Window::seconds),
                 open_);
    if (worst.size() > Replay::kWindowsMax) worst.pop_back();
    open_ = {};
  }

 private:
  Replay& into_;
  Window open_;
};

}  // namespace

// What waits in the buffer and at the source is one queue: the link empties both at the same speed,
// and the source is slowed while the queue is longer than the buffer.
Replay replay(const std::vector<Step>& steps, double share_bytes) {
  Replay out;
  out.queue_bytes.reserve(steps.size());
  Windows windows(out);
  LagMeter lag;
  double queue = 0.0;
  double left = 0.0;
  lag.begin();
  for (const Step& step : steps) {
    if (step.before == Step::Before::unknown) {
      windows.end();
      lag.begin();
      queue = left = 0.0;
    }
    const double before = queue;
    const double leaves = std::min(step.capacity_bytes, queue + step.stored_bytes);
    queue += step.stored_bytes - leaves;
    left += leaves;
    const double most = std::max(before, queue);
    out.seconds += step.seconds;
    out.queue_bytes.push_back(most);
    out.need_bytes.note(most, step.wall);
    windows.note(step, time_above(before, queue, step.seconds, share_bytes), most - share_bytes);
    out.lags_s.push_back(lag.note(step.seconds, left + std::min(queue, share_bytes), left));
    out.lag_s.note(out.lags_s.back(), step.wall);
  }
  windows.end();
  return out;
}

std::vector<Step> with_outage(std::vector<Step> steps, const Outage& outage) {
  double left_s = outage.seconds;
  for (std::size_t i = outage.step; i < steps.size() && left_s > 0.0; ++i) {
    const double down = std::min(left_s, steps[i].seconds);
    steps[i].capacity_bytes *= 1.0 - down / steps[i].seconds;
    left_s -= down;
  }
  return steps;
}

double need_of_seconds(const std::vector<Step>& steps, const Replay& replay, double share) {
  std::vector<std::size_t> order(steps.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t at) { return replay.queue_bytes[at]; });
  double seconds = 0.0;
  for (const std::size_t at : order) {
    seconds += steps[at].seconds;
    if (seconds >= share * replay.seconds * (1.0 - 1e-12)) return replay.queue_bytes[at];
  }
  return 0.0;
}

namespace {

// Finds the worst outage within one stretch of steps without a gap. Sums run over its boundaries:
// what has come, what has come less what could leave, and the time.
class Stretch {
 public:
  Stretch(const std::vector<Step>& steps, std::size_t from, std::size_t to)
      : steps_(steps),
        from_(from),
        count_(to - from),
        come_(count_ + 1),
        net_(count_ + 1),
        time_(count_ + 1),
        queue_(count_ + 1),
        later_(count_ + 1) {
    for (std::size_t i = 0; i < count_; ++i) {
      const Step& step = steps[from + i];
      const double net = step.stored_bytes - step.capacity_bytes;
      come_[i + 1] = come_[i] + step.stored_bytes;
      net_[i + 1] = net_[i] + net;
      time_[i + 1] = time_[i] + step.seconds;
      queue_[i + 1] = std::max(queue_[i] + net, 0.0);
    }
    later_[count_] = net_[count_];
    for (std::size_t i = count_; i-- > 0;) later_[i] = std::max(net_[i], later_[i + 1]);
  }

  // The queue grows by all that comes while the link is down; afterwards by what comes beyond what
  // can leave, as long as that is above zero.
  void look(double seconds, std::optional<WorstOutage>& worst) const {
    std::size_t end = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const double until = time_[i] + seconds;
      if (until > time_[count_] + 1e-9) return;
      while (end < count_ && time_[end + 1] <= until + 1e-9) ++end;
      const double part = end < count_ ? (until - time_[end]) / steps_[from_ + end].seconds : 0.0;
      const double come = between(come_, end, part);
      const double net = between(net_, end, part);
      const double after = std::max(net, end < count_ ? later_[end + 1] : net);
      const double need = queue_[i] + (come - come_[i]) + (after - net);
      if (!worst || need > worst->need_bytes)
        worst = WorstOutage{.at = {.step = from_ + i, .seconds = seconds}, .need_bytes = need};
    }
  }

 private:
  [[nodiscard]] double between(const std::vector<double>& sums, std::size_t at, double part) const {
    return at < count_ ? sums[at] + part * (sums[at + 1] - sums[at]) : sums[at];
  }

  const std::vector<Step>& steps_;
  std::size_t from_;
  std::size_t count_;
  std::vector<double> come_;
  std::vector<double> net_;
  std::vector<double> time_;
  std::vector<double> queue_;
  std::vector<double> later_;  // the most that `net_` becomes from there on
};

}  // namespace

std::optional<WorstOutage> worst_outage(const std::vector<Step>& steps, double seconds) {
  std::optional<WorstOutage> worst;
  for (std::size_t from = 0; from < steps.size();) {
    std::size_t to = from + 1;
    while (to < steps.size() && steps[to].before == Step::Before::known) ++to;
    Stretch(steps, from, to).look(seconds, worst);
    from = to;
  }
  return worst;
}

}  // namespace longthrow::trace
