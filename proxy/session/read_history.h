// SPDX-License-Identifier: Apache-2.0
// How many bytes a source had given at which time, so that an offset can be turned into a time.
// Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

namespace longthrow {

// INVARIANT: samples ascend, in time and in bytes; at most kSamplesMax of them. Leaving samples out
// makes the answer older, never too new.
class ReadHistory {
 public:
  static constexpr std::size_t kSamplesMax = 128;

  // `wall_ns`: when there was not a byte yet.
  explicit ReadHistory(std::int64_t wall_ns) : samples_{{wall_ns, wall_ns, 0}} {}

  // By `wall_ns` the source had given `bytes` in total.
  void note(std::int64_t wall_ns, std::uint64_t bytes) {
    Sample& last = samples_.back();
    if (bytes <= last.bytes) {
      last.wall_ns = wall_ns;
      return;
    }
    samples_.push_back({wall_ns, wall_ns, bytes});
    if (samples_.size() > kSamplesMax) thin();
  }
  // The source had given no byte at or beyond `offset` by the time that is returned.
  [[nodiscard]] std::int64_t complete_at(std::uint64_t offset) const {
    const auto beyond = std::ranges::upper_bound(samples_, offset, {}, &Sample::bytes);
    return beyond == samples_.begin() ? beyond->wall_ns : std::prev(beyond)->wall_ns;
  }
  // Drops samples below `offset`, which are not needed any more.
  void forget_below(std::uint64_t offset) {
    while (samples_.size() > 1 && samples_[1].bytes <= offset) samples_.pop_front();
  }
  // When bytes beyond `offset` were first noted; none: not yet.
  [[nodiscard]] std::optional<std::int64_t> seen_at(std::uint64_t offset) const {
    const auto beyond = std::ranges::upper_bound(samples_, offset, {}, &Sample::bytes);
    if (beyond == samples_.end()) return std::nullopt;
    return beyond->first_ns;
  }
  [[nodiscard]] std::size_t size() const { return samples_.size(); }

 private:
  struct Sample {
    std::int64_t first_ns = 0;  // when these bytes were first seen, or before
    std::int64_t wall_ns = 0;   // when they were last seen, with no more behind them
    std::uint64_t bytes = 0;
  };
  void thin() {
    std::deque<Sample> kept;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      if (i % 2 != 0 && i + 1 < samples_.size()) continue;
      kept.push_back(samples_[i]);
      if (i > 0 && i % 2 == 0) kept.back().first_ns = samples_[i - 1].first_ns;
    }
    samples_ = std::move(kept);
  }

  std::deque<Sample> samples_;
};

}  // namespace longthrow
