// SPDX-License-Identifier: Apache-2.0
// What the status says of a route of protocol drbd.
#include "proxy/control/status_rows.h"

namespace longthrow::control {
namespace {

struct DrbdRows : RowsOf<DrbdStatus> {
  static StatusRows<DrbdStatus> all();
};

StatusRows<DrbdStatus> DrbdRows::all() {
  return {
      row("paired", LT_AT(paired), "DRBD's data and its meta connection are open",
          {gauge("longthrow_drbd_paired", "1 while a data and a meta connection of DRBD stand.")}),
      row("disks", LT_AT(disks), "the disks of each volume, as DRBD last said of them"),
      row("lag_s", LT_AT(lag_s),
          "the age of the oldest barrier without an answer: all writes before it are on the peer's "
          "disk once it has one; null if not paired",
          {gauge("longthrow_drbd_lag_seconds",
                 "Age of the oldest barrier that the peer's DRBD has not acknowledged; absent if "
                 "not paired.")}),
      row("barriers_open", LT_AT(barriers_open), "barriers sent and not yet acknowledged",
          {gauge("longthrow_drbd_open_barriers")}),
      row("ahead", LT_AT(ahead),
          "whose DRBD has stopped mirroring until the buffer has drained (the peer's: our copy "
          "then "
          "gets no newer); empty if none has",
          {gauge("longthrow_drbd_ahead",
                 "1 while a DRBD has stopped mirroring until the buffer has drained.",
                 [](const DrbdStatus& drbd) { return drbd.ahead.has_value(); })}),
      row("answers_pings", LT_AT(answers_pings),
          "the route answers DRBD's pings while the link is down"),
      row("pings_answered", LT_AT(pings_answered),
          "pings of DRBD that were answered here while the link was down",
          {counter("longthrow_drbd_pings_answered_total")}),
      row("sent", LT_AT(sent), "what was carried to the peer since the node's start",
          {counter("longthrow_drbd_barriers_sent_total", "Barriers sent to the peer's DRBD.",
                   [](const DrbdStatus& drbd) { return drbd.sent.barriers; })}),
      row("received", LT_AT(received), "what was carried from the peer since the node's start"),
  };
}

struct DisksRows : RowsOf<DrbdStatus::Disks> {
  static StatusRows<DrbdStatus::Disks> all() {
    return {row("here", LT_AT(here), "the disk here: `up to date`, `inconsistent` and so on"),
            row("peer", LT_AT(peer), "the disk at the peer")};
  }
};

struct DirectionRows : RowsOf<DrbdStatus::Direction> {
  static StatusRows<DrbdStatus::Direction> all() {
    return {row("barriers", LT_AT(barriers), "barriers"),
            row("barrier_acks", LT_AT(barrier_acks), "acknowledgements of barriers"),
            row("volumes", LT_AT(volumes), "each volume by its number; 65535: no number")};
  }
};

struct VolumeRows : RowsOf<DrbdStatus::Volume> {
  static StatusRows<DrbdStatus::Volume> all() {
    return {
        row("writes", LT_AT(writes), "writes replicated", {counter("longthrow_drbd_writes_total")}),
        row("write_bytes", LT_AT(write_bytes), "bytes of replicated writes",
            {counter("longthrow_drbd_write_bytes_total")}),
        row("resync_bytes", LT_AT(resync_bytes), "bytes of resynchronisation",
            {counter("longthrow_drbd_resync_bytes_total")})};
  }
};

}  // namespace

const StatusRows<DrbdStatus>& rows_of(const DrbdStatus*) {
  static const StatusRows<DrbdStatus> rows = DrbdRows::all();
  return rows;
}
const StatusRows<DrbdStatus::Disks>& rows_of(const DrbdStatus::Disks*) {
  static const StatusRows<DrbdStatus::Disks> rows = DisksRows::all();
  return rows;
}
const StatusRows<DrbdStatus::Direction>& rows_of(const DrbdStatus::Direction*) {
  static const StatusRows<DrbdStatus::Direction> rows = DirectionRows::all();
  return rows;
}
const StatusRows<DrbdStatus::Volume>& rows_of(const DrbdStatus::Volume*) {
  static const StatusRows<DrbdStatus::Volume> rows = VolumeRows::all();
  return rows;
}

}  // namespace longthrow::control
