// SPDX-License-Identifier: Apache-2.0
#include "proxy/codec/ladder.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "longthrow/bytes.h"

namespace longthrow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kNoneRung = 0;
constexpr double kRatioMin = 0.005;
constexpr double kRatioMax = 0.9999;    // of a codec; keeps its logarithm off zero
constexpr double kHeadroom = 0.95;      // of the workers' time: the rest is noise and hand-over
constexpr double kCpuCeiling = 0.6;     // of the workers' time, while nothing limits
constexpr double kBurstGoodput = 0.92;  // of the best, is enough while a burst is taken in
constexpr double kWorthRatio = 0.97;    // a slower rung must save at least 3 % on the wire
constexpr std::size_t kTeachingBytesMin = 4 * kKiB;
constexpr double kForgetBytes = 1.0 * kMiB;
constexpr double kBacklogBytesMin = 128.0 * kKiB;
constexpr double kBacklogBytesMax = 2.0 * kMiB;
constexpr double kBacklogSeconds = 0.05;
constexpr Duration kDwellMin = seconds(1);
constexpr Duration kDwellMax = seconds(16);
constexpr Duration kFlap = seconds(10);  // a switch back within this time: dwell longer
constexpr Duration kHopeWaitMin = seconds(2);
constexpr Duration kHopeWaitMax = seconds(16);
constexpr Duration kCalm = seconds(40);  // no switch for so long: dwell as at first
constexpr double kUnknownRate = std::numeric_limits<double>::infinity();

double move(double from, double to, double weight) { return from + weight * (to - from); }

}  // namespace

// Measured with text, on one core of a small server.
Ladder::Ladder()
    : rungs_{{{4e9, 1.0},
              {500e6, 0.39},
              {415e6, 0.36},
              {375e6, 0.33},
              {330e6, 0.272},
              {240e6, 0.255},
              {110e6, 0.243}}} {}

// --- learning

void Ladder::on_frame(CodecSpec spec, std::size_t raw_bytes, std::size_t out_bytes,
                      Duration cpu_time) {
  if (raw_bytes < kTeachingBytesMin) return;
  const auto raw = static_cast<double>(raw_bytes);
  bypassed_ = move(bypassed_, 0.0, raw / (raw + kForgetBytes));
  const auto found = std::ranges::find(kSpecs, spec);
  if (found == kSpecs.end() || cpu_time <= Duration(0)) return;
  const auto rung = static_cast<std::size_t>(found - kSpecs.begin());
  const double speed = raw / seconds_of(cpu_time);
  const double ratio = std::clamp(static_cast<double>(out_bytes) / raw, kRatioMin, kRatioMax);
  if (rung == kNoneRung) {
    rungs_[rung].speed = move(rungs_[rung].speed, speed, raw / (raw + kForgetBytes));
  } else if (rung == current_ || current_ == kNoneRung) {
    // While nothing is compressed only a probe tells how the data compresses, so it weighs more.
    learn_for_all(rung, speed, ratio, rung == current_ ? raw / (raw + kForgetBytes) : 0.5);
  } else {
    rungs_[rung].speed = move(rungs_[rung].speed, speed, 0.3);
    rungs_[rung].ratio = move(rungs_[rung].ratio, ratio, 0.3);
  }
}

void Ladder::learn_for_all(std::size_t rung, double speed, double ratio, double weight) {
  const Rung before = rungs_[rung];
  const double speed_factor = move(before.speed, speed, weight) / before.speed;
  const double log_factor = std::log(move(before.ratio, ratio, weight)) / std::log(before.ratio);
  for (std::size_t i = kNoneRung + 1; i < kRungs; ++i) {
    rungs_[i].speed = std::clamp(rungs_[i].speed * speed_factor, 1e5, 1e11);
    rungs_[i].ratio =
        std::clamp(std::exp(std::log(rungs_[i].ratio) * log_factor), kRatioMin, kRatioMax);
  }
}

void Ladder::on_bypass(std::size_t raw_bytes) {
  const auto raw = static_cast<double>(raw_bytes);
  bypassed_ = move(bypassed_, 1.0, raw / (raw + kForgetBytes));
}

void Ladder::on_interval(TimePoint now, const LadderLoad& load) {
  const double interval_s = seconds_of(load.interval);
  if (interval_s <= 0.0) return;
  const double input = static_cast<double>(load.raw_in_bytes) / interval_s;
  input_bytes_s_ = move(input_bytes_s_, input, input > input_bytes_s_ ? 0.6 : 0.2);
  learn_link(load, static_cast<double>(load.wire_out_bytes) / interval_s);
  const Candidates candidates = estimate(load.workers);
  consider(now, candidates, target(candidates));
  plan_probe();
}

// Also sets limit_: what limits now.
void Ladder::learn_link(const LadderLoad& load, double out_bytes_s) {
  const bool was_backlogged = backlogged_;
  const double enough =
      std::clamp(out_bytes_s * kBacklogSeconds, kBacklogBytesMin, kBacklogBytesMax);
  backlogged_ = static_cast<double>(load.wire_backlog_bytes) > enough;
  const bool workers_full =
      load.busy >= 0.92 ||
      (load.busy >= 0.75 && load.raw_waiting_bytes >= 256 * kKiB && !backlogged_);
  limit_ = workers_full ? Limit::workers : backlogged_ ? Limit::link : Limit::none;
  if (out_bytes_s <= 0.0) return;

  // Only a whole interval with a backlog shows the rate for sure; part of one can refute a hope.
  if (backlogged_ && (was_backlogged || hoping_)) {
    measure_link(out_bytes_s);
  } else if (link_bytes_s_ != 0.0) {
    hope_for_more(load.interval, out_bytes_s);
  }
}

void Ladder::measure_link(double out_bytes_s) {
  // The rate is far from the last sure one: the link has changed, and hopes refuted before say
  // nothing of it.
  if (out_bytes_s > 1.5 * sure_bytes_s_ || out_bytes_s < 0.67 * sure_bytes_s_) {
    hope_wait_ = kHopeWaitMin;
    dwell_ = kDwellMin;
  } else if (hoping_) {
    hope_wait_ = std::min(2 * hope_wait_, kHopeWaitMax);
  }
  refuted_ = refuted_ || hoping_;
  hoping_ = false;
  waited_ = Duration(0);
  sure_bytes_s_ = sure_bytes_s_ == 0.0 ? out_bytes_s : move(sure_bytes_s_, out_bytes_s, 0.5);
  link_bytes_s_ = sure_bytes_s_;
}

// Without a backlog the link's rate is not seen, only that it is no less than what the link takes.
// While the workers are the limit a higher rate is of use: after a wait, assume ever more (a hope),
// until a backlog shows the rate. Each hope that proved wrong doubles the wait.
void Ladder::hope_for_more(Duration interval, double out_bytes_s) {
  link_bytes_s_ = std::max(link_bytes_s_, out_bytes_s);
  if (out_bytes_s > 1.1 * sure_bytes_s_) hope_wait_ = kHopeWaitMin;  // it has become faster
  if (limit_ != Limit::workers) return;
  waited_ += interval;
  if (waited_ < hope_wait_) return;
  hoping_ = true;
  link_bytes_s_ = std::min(link_bytes_s_ * 1.5, 1e11);
}

// --- choosing

Ladder::Candidates Ladder::estimate(int workers) const {
  Candidates candidates;
  const double tried = std::max(1.0 - bypassed_, 0.05);
  for (std::size_t i = 0; i < kRungs; ++i) {
    Candidate& candidate = candidates[i];
    candidate.wire_ratio = (1.0 - tried) + tried * rungs_[i].ratio;
    candidate.capacity = kHeadroom * std::max(workers, 1) * rungs_[i].speed / tried;
    candidate.wire = link_bytes_s_ == 0.0 ? kUnknownRate : link_bytes_s_ / candidate.wire_ratio;
    candidate.goodput = std::min(candidate.capacity, candidate.wire);
  }
  return candidates;
}

std::size_t Ladder::target(const Candidates& candidates) const {
  const auto best = std::ranges::max_element(candidates, {}, &Candidate::goodput);
  const auto best_rung = static_cast<std::size_t>(best - candidates.begin());
  std::array<bool, kRungs> allowed{};
  for (std::size_t i = 0; i < kRungs; ++i) {
    const Candidate& candidate = candidates[i];
    switch (limit_) {
      case Limit::workers:
        // Rungs are in order of speed: the first one that passes is the fastest.
        if (candidate.goodput >= (backlogged_ ? kBurstGoodput : 0.97) * best->goodput) return i;
        break;
      case Limit::link:
        allowed[i] = candidate.goodput >= 0.98 * best->goodput;
        break;
      case Limit::none:
        allowed[i] = candidate.capacity * kCpuCeiling >= input_bytes_s_ &&
                     (candidate.wire_ratio <= candidates[current_].wire_ratio ||
                      candidate.wire >= 1.2 * input_bytes_s_);
        break;
    }
  }
  std::size_t pick = kRungs;
  for (std::size_t i = 0; i < kRungs; ++i) {
    if (!allowed[i]) continue;
    if (pick == kRungs || candidates[i].wire_ratio < kWorthRatio * candidates[pick].wire_ratio) {
      pick = i;
    }
  }
  return pick == kRungs ? best_rung : pick;
}

bool Ladder::worth_switching(const Candidates& candidates, std::size_t to) const {
  if (to == current_) return false;
  const Candidate& here = candidates[current_];
  const Candidate& there = candidates[to];
  const bool cheaper = (to == kNoneRung || there.capacity > 1.5 * here.capacity) &&
                       there.wire_ratio * kWorthRatio <= here.wire_ratio;
  if (limit_ == Limit::none) {
    return cheaper || there.wire_ratio < 0.96 * here.wire_ratio ||
           here.capacity * 0.8 < input_bytes_s_;
  }
  if (there.goodput > 1.03 * here.goodput) return true;
  if (limit_ == Limit::workers) return there.capacity > 1.15 * here.capacity;
  return cheaper || there.wire_ratio < 0.96 * here.wire_ratio;
}

void Ladder::consider(TimePoint now, const Candidates& candidates, std::size_t to) {
  // What is queued for a link whose rate is not yet known is no reason to compress less.
  const bool blind = backlogged_ && link_bytes_s_ == 0.0;
  wanted_intervals_ = !blind && worth_switching(candidates, to) ? wanted_intervals_ + 1 : 0;
  if (wanted_intervals_ == 0) {
    refuted_ = false;
    return;
  }
  // Another rung would bring far more through the link, or a hope has failed: do not wait.
  const bool urgent =
      limit_ == Limit::link && candidates[to].goodput > 1.5 * candidates[current_].goodput;
  if (!urgent && !refuted_ && (wanted_intervals_ < 2 || now - switched_ < dwell_)) return;
  switch_to(now, to);
}

void Ladder::switch_to(TimePoint now, std::size_t to) {
  const Duration stayed = now - switched_;
  if (to == previous_ && stayed < std::max(kFlap, 2 * dwell_)) {
    dwell_ = std::min(2 * dwell_, kDwellMax);
  } else if (stayed > kCalm) {
    dwell_ = kDwellMin;
  }
  dwell_ = std::max(dwell_, kDwellMin);
  previous_ = current_;
  current_ = to;
  switched_ = now;
  wanted_intervals_ = 0;
  refuted_ = false;
  probe_ = kRungs;
}

// --- probing

// One frame of another rung, at most one an interval, and so rarely that a worse ratio or a slower
// codec costs about 1 %: neighbours in turn, the others less often.
void Ladder::plan_probe() {
  if (probe_ != kRungs) return;
  constexpr std::array<int, 6> kSteps = {1, -1, 1, -1, 2, -2};
  const int rung = static_cast<int>(current_) + kSteps[probe_turn_++ % kSteps.size()];
  if (rung <= static_cast<int>(kNoneRung) || rung >= static_cast<int>(kRungs)) return;
  probe_ = static_cast<std::size_t>(rung);
}

CodecSpec Ladder::choose() {
  ++frames_since_probe_;
  // While nothing is compressed a probe cannot cost bytes, and only a probe sees the data change.
  const bool nothing_to_lose = current_ == kNoneRung && limit_ != Limit::workers;
  const std::uint32_t frames_between = nothing_to_lose                              ? 4
                                       : limit_ == Limit::link && probe_ > current_ ? 16
                                                                                    : 64;
  if (probe_ == kRungs || frames_since_probe_ < frames_between) return kSpecs[current_];
  frames_since_probe_ = 0;
  return kSpecs[std::exchange(probe_, kRungs)];
}

}  // namespace longthrow
