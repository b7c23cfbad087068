// SPDX-License-Identifier: Apache-2.0
// What the status says of a connection of a link.
#include "proxy/control/status_rows.h"

namespace longthrow::control {
namespace {

struct LaneRows : RowsOf<LaneStatus> {
  static StatusRows<LaneStatus> all() {
    return {
        row("name", LT_AT(name), "`express`, `bulk1` and so on"),
        row("local", LT_AT(local), "the address at this end"),
        row("remote", LT_AT(remote), "the address at the other end"),
        row("dialled_here", LT_AT(dialled_here), "this node made the connection"),
        row("unsent_bytes", LT_AT(unsent_bytes), "bytes that wait above the socket"),
        row("tcp.rtt_ms", LT_AT(tcp.rtt_ms),
            "TCP's smoothed round trip; null: not yet measured. This and what follows is what the "
            "kernel's TCP says, 0 where it does not"),
        row("tcp.min_rtt_ms", LT_AT(tcp.min_rtt_ms), "the shortest round trip: without a queue"),
        row("tcp.in_flight_bytes", LT_AT(tcp.in_flight_bytes),
            "bytes sent and not yet acknowledged"),
        row("tcp.unsent_bytes", LT_AT(tcp.unsent_bytes), "bytes that wait in the socket"),
        row("tcp.delivery_rate_bytes_s", LT_AT(tcp.delivery_rate_bytes_s),
            "how fast the other end has lately got bytes"),
        row("tcp.sent_bytes", LT_AT(tcp.sent_bytes),
            "bytes sent since the connection began, those sent again included"),
        row("tcp.sent_again_bytes", LT_AT(tcp.sent_again_bytes),
            "of these, bytes sent again, as lost"),
        row("tcp.busy_s", LT_AT(tcp.busy_s), "time in which bytes were under way or waited"),
        row("tcp.receive_window_limited_s", LT_AT(tcp.receive_window_limited_s),
            "of it, time in which the other end's receive window let no more be sent"),
        row("tcp.send_buffer_limited_s", LT_AT(tcp.send_buffer_limited_s),
            "of it, time in which this end's send buffer was too small to send more"),
    };
  }
};

}  // namespace

const StatusRows<LaneStatus>& rows_of(const LaneStatus*) {
  static const StatusRows<LaneStatus> rows = LaneRows::all();
  return rows;
}

}  // namespace longthrow::control
