// SPDX-License-Identifier: Apache-2.0
// What one direction has done, and how it is told.
#pragma once

#include <array>
#include <cstdint>

#include "longthrow/time.h"

namespace longthrow::wanlink {

// How late packets were delivered: the emulator's own error. Buckets of powers of two microseconds.
class Lateness {
 public:
  void record(Duration late);
  [[nodiscard]] double mean_us() const;
  [[nodiscard]] double max_us() const;
  // An upper bound of the 99th percentile: the end of its bucket.
  [[nodiscard]] double p99_us() const;

 private:
  std::array<std::uint64_t, 40> buckets_{};
  std::uint64_t count_ = 0;
  Duration sum_{0};
  Duration max_{0};
};

// Counts in packets of at most one MTU, as a router would see them; bytes are those of IP packets.
struct DirectionStatistics {
  std::uint64_t in_packets = 0;
  std::uint64_t in_bytes = 0;
  std::uint64_t out_packets = 0;
  std::uint64_t out_bytes = 0;
  std::uint64_t lost_by_chance = 0;
  std::uint64_t lost_to_queue = 0;  // tail drop
  std::uint64_t lost_to_outage = 0;
  std::uint64_t lost_to_device = 0;  // the receiving device refused a frame (frames)
  std::uint64_t malformed = 0;       // frames that made no sense
  std::uint64_t cut_frames = 0;      // super-packets that had to be cut
  std::uint64_t outages = 0;
  std::uint64_t queue_bytes_peak = 0;
  Lateness lateness;
};

}  // namespace longthrow::wanlink
