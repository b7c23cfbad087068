// SPDX-License-Identifier: Apache-2.0
#include "proxy/cuts/cut_taker.h"

#include <algorithm>
#include <utility>

namespace longthrow {
namespace {

std::uint64_t& count_of(CutCounts& counts, Proof proof) {
  switch (proof) {
    case Proof::source:
      return counts.source;
    case Proof::freeze:
      return counts.freeze;
    case Proof::observed:
      return counts.observed;
    case Proof::none:
      break;
  }
  return counts.unproven;
}

}  // namespace

void CutTaker::add(std::uint64_t channel, std::uint64_t offset) {
  prover_.add(channel);
  last_.try_emplace(channel, offset);
  note_change();
}

void CutTaker::end(std::uint64_t channel, std::uint64_t offset) {
  prover_.end(channel, offset);
  note_change();
}

void CutTaker::remove(std::uint64_t channel) {
  prover_.remove(channel);
  last_.erase(channel);
  note_change();
}

// Whether the sources can be read is found out anew: the one that could not may have gone.
void CutTaker::note_change() {
  if (collecting_ == Collecting::valid) collecting_ = Collecting::stale;
  method_ = Method::source;
  look_.reset();
}

void CutTaker::on_bytes(TimePoint now) {
  if (due_) {
    more_ = true;
    return;
  }
  due_ = last_at_ == TimePoint::min() ? now : std::max(now, last_at_ + rhythm_.interval);
  again_at_ = *due_;
}

CutStep CutTaker::poll(TimePoint now) {
  if (!due_ || now < *due_) return CutStep::wait;
  if (now >= *due_ + rhythm_.deadline) return CutStep::give_up;
  if (collecting_ != Collecting::no || now < again_at_) return CutStep::wait;
  return method_ == Method::source ? CutStep::ask_sources : CutStep::ask_received;
}

TimePoint CutTaker::next_timeout() const {
  if (!due_) return kNever;
  const TimePoint end = *due_ + rhythm_.deadline;
  return collecting_ == Collecting::no ? std::min(std::max(*due_, again_at_), end) : end;
}

void CutTaker::on_asked() {
  collecting_ = Collecting::valid;
  more_ = false;
}

void CutTaker::pause(TimePoint now, Duration took) {
  again_at_ = now + std::max(pause_, took * kPauseTimes);
  pause_ = std::min(pause_ * 2, kPauseLast);
}

std::optional<Cut> CutTaker::on_sources(TimePoint now, const Collected& collected) {
  const bool valid = std::exchange(collecting_, Collecting::no) == Collecting::valid;
  pause(now, collected.ended - collected.began);
  if (!valid || !due_) return std::nullopt;
  auto verdict = prover_.judge(collected.readings);
  if (!verdict) {
    obstacle_ = verdict.error();
    if (never_readable(obstacle_->state)) method_ = Method::observed;
    return std::nullopt;
  }
  return take(now, {Proof::source, std::move(*verdict), collected.began});
}

std::optional<Cut> CutTaker::on_received(TimePoint now, const Offsets& received) {
  more_ = false;
  Look look{now, at_least_last(received)};
  const bool agrees = look_ && look_->offsets == look.offsets;
  const TimePoint as_of = agrees ? look_->at : now;
  look_ = std::move(look);
  pause(now, Duration{0});
  if (!agrees || !due_) return std::nullopt;
  return take(now, {Proof::observed, look_->offsets, as_of});
}

std::optional<Cut> CutTaker::on_given_up(TimePoint now, const Offsets& received) {
  more_ = false;
  if (collecting_ == Collecting::valid) collecting_ = Collecting::stale;
  return take(now, {Proof::none, at_least_last(received), now});
}

Cut CutTaker::on_frozen(TimePoint now, const Offsets& received) {
  Cut cut{Proof::freeze, at_least_last(received), now};
  more_ = false;  // all bytes that have come are in it
  begin_epoch(now, cut);
  return cut;
}

CutTaker::Offsets CutTaker::at_least_last(const Offsets& received) const {
  std::map<std::uint64_t, std::uint64_t> offsets = last_;
  for (const auto& [channel, offset] : received) {
    const auto found = offsets.find(channel);
    if (found != offsets.end()) found->second = std::max(found->second, offset);
  }
  Offsets result;
  for (const auto& [channel, offset] : offsets) result.push_back({channel, offset});
  return result;
}

std::optional<Cut> CutTaker::take(TimePoint now, Cut cut) {
  if (cut.proof != Proof::none) obstacle_.reset();
  const bool moved = std::ranges::any_of(
      cut.offsets, [&](const ChannelOffset& entry) { return entry.offset > last_[entry.channel]; });
  if (!moved) {  // what has come was in the last cut already
    due_ = std::exchange(more_, false) ? std::optional(now + rhythm_.interval) : std::nullopt;
    pause_ = kPauseFirst;
    again_at_ = now + rhythm_.interval;
    return std::nullopt;
  }
  begin_epoch(now, cut);
  return cut;
}

void CutTaker::begin_epoch(TimePoint now, const Cut& cut) {
  ++count_of(counts_, cut.proof);
  for (const auto& [channel, offset] : cut.offsets) last_[channel] = offset;
  last_at_ = now;
  due_.reset();
  pause_ = kPauseFirst;
  look_.reset();
  if (collecting_ == Collecting::valid) collecting_ = Collecting::stale;
  if (std::exchange(more_, false)) on_bytes(now);
}

}  // namespace longthrow
