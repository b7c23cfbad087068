// SPDX-License-Identifier: Apache-2.0
// How far behind a copy was, and how long it could not be trusted, over a time: the RPO report.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/trace/period.h"
#include "proxy/trace/timeline.h"

namespace longthrow::trace {

// A time in which something was so. Where only minutes are known, two of them in one minute count
// as one.
struct Episode {
  std::int64_t from_wall = 0;
  std::uint64_t seconds = 0;
  std::string reason;  // as far as it is known
};

struct Episodes {
  static constexpr std::size_t kListedMax = 20;
  std::uint64_t count = 0;
  std::uint64_t seconds = 0;
  std::uint64_t longest_s = 0;
  std::vector<Episode> longest;  // the longest first, at most kListedMax
};

struct GroupTrust {
  std::string group;
  Episodes not_consistent;
  Episodes unknown;
};

struct ChartPoint {
  std::int64_t wall = 0;
  enum class Known : std::uint8_t { no, yes } known = Known::no;
  double lag_s = 0.0;  // the most
};

struct RpoReport {
  static constexpr std::size_t kChartPoints = 720;
  Kind kind = Kind::link;
  std::string name;
  std::string link;
  Period period;
  std::uint64_t known_s = 0;
  std::uint64_t unknown_s = 0;  // of the period: the daemon did not run, or its trace is lost
  struct {
    double p50 = 0.0;
    double p95 = 0.0;
    double p99 = 0.0;
    double most = 0.0;
  } lag_s;
  struct {
    std::int64_t wall = 0;  // its begin
    double most_s = 0.0;
    double mean_s = 0.0;
  } worst_minute;
  // Of the link; `paused` and `held`: by an administrator. An outage is no pause.
  Episodes outages;
  Episodes paused;
  Episodes held;
  Episodes full;
  std::vector<GroupTrust> groups;  // of the link; of a group: itself
  std::uint64_t raw_bytes = 0;     // that the sources of the link have given
  std::vector<ChartPoint> chart;
};

// `subject`: whose lag it is. `link`: the link itself, or that of the group. `groups`: whose trust
// is told. REQUIRES: since < until.
[[nodiscard]] RpoReport make_report(const Timeline& subject, const Timeline& link,
                                    const std::vector<const Timeline*>& groups,
                                    const Period& period);

}  // namespace longthrow::trace
