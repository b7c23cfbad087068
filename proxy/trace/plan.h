// SPDX-License-Identifier: Apache-2.0
// What a link would have needed: its trace, replayed with another bandwidth, memlimit or an outage.
// Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "longthrow/error.h"
#include "proxy/trace/replay.h"
#include "proxy/trace/timeline.h"

namespace longthrow::trace {

struct PlanOptions {
  std::optional<std::uint64_t> bandwidth_bytes_s;  // else as it was in force, second by second
  std::optional<std::uint64_t> memlimit_bytes;     // else the last one of the trace
  std::optional<double> outage_s;
};

// Where the rate of the link comes from.
enum class RateSource : std::uint8_t {
  given,         // an option
  bandwidth,     // the setting, as it was in force
  measured,      // what the link carried while the WAN limited it: the setting is larger, or none
  highest_seen,  // there is no setting, and the WAN never limited the link: the most of 10 seconds
};

struct OutagePlan {
  double seconds = 0.0;
  std::int64_t from_wall = 0;     // the worst moment
  double need_bytes = 0.0;        // of send share
  double slowed_s = 0.0;          // with the memlimit, of the whole trace, with the outage
  double lag_s = 0.0;             // the most, with the memlimit
  std::optional<double> drain_s;  // from its end until the queue is as without it; nothing: later
                                  // than the trace ends
};

// A trace that is shorter says nothing at all.
inline constexpr std::uint64_t kPlanSecondsMin = 30;

struct Plan {
  // The trace.
  struct {
    std::int64_t from_wall = 0;
    std::int64_t to_wall = 0;
    std::uint64_t seconds = 0;      // that are known
    std::uint64_t stretches = 0;    // without a gap
    std::uint64_t minutes_s = 0;    // of `seconds`, known by the minute only
    std::uint64_t throttled_s = 0;  // the buffer was full: what the source wanted is not known
    std::uint64_t longest_stretch_s = 0;
    double raw_bytes = 0.0;
    double stored_bytes = 0.0;
    double raw_peak_bytes_s = 0.0;  // of one second
  } trace;
  struct {
    RateSource source = RateSource::given;
    double bytes_s = 0.0;                    // the last one, on the wire
    std::optional<double> measured_bytes_s;  // while the WAN limited the link: the median
    double overhead = 1.0;                   // bytes on the wire for a byte stored
  } rate;
  double memlimit_bytes = 0.0;
  double share_bytes = 0.0;  // of it, the send share
  Replay replay;             // of `steps`
  std::vector<Step> steps;
  double need_9995_bytes = 0.0;  // of send share: covers 99.95 % of seconds
  std::optional<OutagePlan> outage;
};

// The memlimit whose send share (three quarters) is so large.
[[nodiscard]] double memlimit_for(double send_share_bytes);

// Fails if the trace is too short, or has no rate to reckon with. REQUIRES: `link` is of a link.
[[nodiscard]] Result<Plan> make_plan(const Timeline& link, const PlanOptions& options);

}  // namespace longthrow::trace
