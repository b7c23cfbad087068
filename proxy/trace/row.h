// SPDX-License-Identifier: Apache-2.0
// What the trace keeps of a link or a group for a second, or for a minute. Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace longthrow::trace {

enum class Kind : std::uint8_t { link, group };
enum class Grain : std::uint8_t { second, minute };

// Columns that end in _s count seconds. Bytes are sums over the row, but for lag and settings. A
// group has only `held_s` to `lag_ms_max`, as the table in columns.h says.
enum class Column : std::uint8_t {
  raw_in,            // bytes taken in from sources
  framed_raw,        // bytes of frames made, before compression
  framed_stored,     // the same bytes after it: what the buffer holds and the wire carries
  wire_out,          // bytes put on the wire, TLS included
  wan_wire,          // of these, in seconds in which the WAN limited the link throughout
  wan_s,             // so long
  rtt_us,            // mean round trip; 0: not known
  resent,            // bytes that TCP sent again
  up_s,              // the link had a session
  paused_s,          // an administrator had paused it, at either end
  full_s,            // the send share was spent: sources were slowed
  memlimit,          // in force at the end
  send_limit,        // the part of it that the send buffer may use
  bandwidth,         // in force at the end, bytes a second; 0: unlimited
  held_s,            // an administrator held input
  not_consistent_s,  // the copy could not be trusted
  copy_unknown_s,    // whether it could was not known
  lag_bytes,         // mean of what the peer lacked
  lag_ms,            // mean age of the oldest of it: the RPO
  raw_in_max,        // this and what follows: the largest of one second
  wire_out_max,
  rtt_us_max,
  lag_bytes_max,
  lag_ms_max,
};
inline constexpr std::size_t kColumns = 24;

// How many seconds of a minute had a lag of one bucket, see lag_buckets.h.
struct LagCount {
  std::uint32_t bucket = 0;
  std::uint32_t seconds = 0;
};

// Covers [tick, tick + span) of its run: a run is one process of the daemon, and its ticks are
// seconds of the monotonic clock since it began. `wall` is the civil time at `tick`, in seconds
// since 1970; it may step between rows, ticks do not.
struct Row {
  std::uint64_t run = 0;
  std::uint64_t tick = 0;
  std::int64_t wall = 0;
  std::uint64_t span = 1;
  std::array<std::uint64_t, kColumns> values{};
  std::vector<LagCount> lags;  // of a minute; buckets ascend

  [[nodiscard]] std::uint64_t& operator[](Column column) {
    return values[static_cast<std::size_t>(column)];
  }
  [[nodiscard]] std::uint64_t operator[](Column column) const {
    return values[static_cast<std::size_t>(column)];
  }
  [[nodiscard]] std::uint64_t end() const { return tick + span; }
};

// A civil clock that is so far off what was reckoned from an earlier row has stepped.
inline constexpr std::int64_t kClockStepSeconds = 2;

// Whether the civil clock has not stepped between two rows of one run.
[[nodiscard]] inline bool same_clock(const Row& a, const Row& b) {
  const auto begin = [](const Row& row) { return row.wall - static_cast<std::int64_t>(row.tick); };
  const std::int64_t step = begin(a) - begin(b);
  return a.run == b.run && step > -kClockStepSeconds && step < kClockStepSeconds;
}

// What was said from a row on, until the next note: why the copy of a group cannot be trusted; "":
// it can.
struct Note {
  std::size_t row = 0;
  std::string text;
};

// Rows of one link or group, in the order of their ticks, of one run, between steps of the civil
// clock.
struct Block {
  Kind kind = Kind::link;
  Grain grain = Grain::second;
  std::string name;
  std::string link;  // of a group
  std::vector<Row> rows;
  std::vector<Note> notes;
};

}  // namespace longthrow::trace
