// SPDX-License-Identifier: Apache-2.0
// What the kernel knows of a TCP socket.
#pragma once

#include <cstdint>

#include "longthrow/time.h"

namespace longthrow {

// A field that the kernel does not report is 0.
struct SocketStats {
  std::uint64_t unread_bytes = 0;  // received, not yet read (SIOCINQ)
  // Written, not yet acknowledged by the other end (SIOCOUTQ).
  std::uint64_t unacknowledged_bytes = 0;
  bool over = false;                        // closed at both ends, or reset: nothing more is sent
  std::uint64_t unsent_bytes = 0;           // of these, not yet sent (tcpi_notsent_bytes)
  std::uint64_t delivery_rate_bytes_s = 0;  // tcpi_delivery_rate
  Duration rtt{0};                          // tcpi_rtt
  Duration min_rtt{0};                      // tcpi_min_rtt, Linux 4.9

  // Since the connection began:
  std::uint64_t acknowledged_bytes = 0;  // tcpi_bytes_acked
  std::uint64_t sent_bytes = 0;          // tcpi_bytes_sent, Linux 4.19; what was sent again, too
  std::uint64_t sent_again_bytes = 0;    // tcpi_bytes_retrans, Linux 4.19
  // The time in which something was under way or waited, and of it the time in which the other
  // end's receive window, or our own send buffer, let no more be sent (Linux 4.10).
  Duration busy{0};                    // tcpi_busy_time
  Duration receive_window_limited{0};  // tcpi_rwnd_limited
  Duration send_buffer_limited{0};     // tcpi_sndbuf_limited
};

}  // namespace longthrow
