// SPDX-License-Identifier: Apache-2.0
// A model of the send buffer: bytes come, the link takes them out as fast as it may, and what does
// not fit waits at the source, which is slowed. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace longthrow::trace {

// A second or a minute. Flows are even within it.
struct Step {
  double seconds = 1.0;
  double stored_bytes = 0.0;    // that come, compressed
  double capacity_bytes = 0.0;  // that can leave
  std::int64_t wall = 0;        // seconds since 1970, at its begin
  enum class Before : std::uint8_t { known, unknown } before = Before::known;
};

struct Outage {
  std::size_t step = 0;  // it begins with this one
  double seconds = 0.0;
};

// A time in which the source would have been slowed.
struct Window {
  std::int64_t from_wall = 0;
  double seconds = 0.0;
  double waiting_bytes = 0.0;  // that waited at the source at the worst moment, compressed
};

// A largest value, and when it was.
struct Peak {
  double value = 0.0;
  std::int64_t wall = 0;
  void note(double other, std::int64_t at) {
    if (other > value) *this = {other, at};
  }
};

struct Replay {
  static constexpr std::size_t kWindowsMax = 10;
  double seconds = 0.0;
  double slowed_s = 0.0;
  std::uint64_t windows = 0;
  std::vector<Window> worst;  // the longest, at most kWindowsMax
  Peak need_bytes;            // that would have kept the source from ever being slowed
  Peak lag_s;
  std::vector<double> queue_bytes;  // the most in each step, waiting at the source included
  std::vector<double> lags_s;       // at the end of each step
};

// After a time that is not known the buffer is taken as empty. `share_bytes`: what the buffer
// holds.
[[nodiscard]] Replay replay(const std::vector<Step>& steps, double share_bytes);
// `steps` with a link that is down for that long.
[[nodiscard]] std::vector<Step> with_outage(std::vector<Step> steps, const Outage& outage);

// How much buffer keeps the source from being slowed in this share (0 to 1) of all seconds.
[[nodiscard]] double need_of_seconds(const std::vector<Step>& steps, const Replay& replay,
                                     double share);

// When an outage of that length needs the most buffer, and how much that is. Nothing: no stretch of
// the trace without a gap is so long.
struct WorstOutage {
  Outage at;
  double need_bytes = 0.0;
};
[[nodiscard]] std::optional<WorstOutage> worst_outage(const std::vector<Step>& steps,
                                                      double seconds);

}  // namespace longthrow::trace
