// SPDX-License-Identifier: Apache-2.0
// A part of the status: one of a link's TCP connections.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace longthrow {

struct LaneStatus {
  std::string name;  // "express", "bulk1", ...
  std::string local;
  std::string remote;
  bool dialled_here = false;
  std::uint64_t unsent_bytes = 0;  // above the socket
  // What the kernel's TCP says, see SocketStats. Totals count since the connection began.
  struct {
    std::optional<double> rtt_ms;  // smoothed; nothing: not yet measured
    std::optional<double> min_rtt_ms;
    std::uint64_t in_flight_bytes = 0;  // sent, not yet acknowledged
    std::uint64_t unsent_bytes = 0;
    std::uint64_t delivery_rate_bytes_s = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t sent_again_bytes = 0;
    double busy_s = 0.0;
    double receive_window_limited_s = 0.0;  // of busy_s
    double send_buffer_limited_s = 0.0;
  } tcp;
};

}  // namespace longthrow
