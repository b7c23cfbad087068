// SPDX-License-Identifier: Apache-2.0
// What the status says of a group.
#include "proxy/control/status_rows.h"

namespace longthrow::control {
namespace {

void collect_consistent(const GroupStatus& group, const EmitSample& emit) {
  if (group.consistent == Consistency::unknown) return;
  emit({}, group.consistent == Consistency::yes ? 1.0 : 0.0);
}

struct GroupRows : RowsOf<GroupStatus> {
  static StatusRows<GroupStatus> all();
};

StatusRows<GroupStatus> GroupRows::all() {
  return {
      row("link", LT_AT(link), "the link of the group's routes"),
      row("consistent", LT_AT(consistent),
          "false when a copy of the group cannot be trusted; null where Longthrow cannot tell: no "
          "connection has come since the node's start, the group has left the configuration, or "
          "DRBD has not said how its disks are, or not in a form that Longthrow knows",
          {{.name = "longthrow_group_consistent",
            .help =
                "0 when a copy of the group cannot be trusted; absent: unknown; status says why.",
            .labels = "group",
            .collect = collect_consistent}}),
      row("reason", LT_AT(reason),
          "why `consistent` is not true: each route in trouble, with the bytes that were lost"),
      row("notices", LT_AT(notices),
          "what an administrator has held or fenced, here and at the peer"),
      row("lag.bytes", LT_AT(lag.bytes), "as of a link",
          {gauge("longthrow_lag_bytes", "Bytes accepted here that the peer could not use yet.")}),
      row("lag.seconds", LT_AT(lag.seconds), "as of a link",
          {gauge("longthrow_lag_seconds",
                 "Age of the oldest byte that the peer could not use yet.")}),
      row("epoch", LT_AT(epoch), "always 0: this version makes no cuts"),
      row("undelivered_bytes", LT_AT(undelivered_bytes),
          "bytes received for the group and not yet taken by the local target",
          {gauge("longthrow_group_undelivered_bytes")}),
      row("cuts.source", LT_AT(cuts.source), "always 0"),
      row("cuts.freeze", LT_AT(cuts.freeze), "always 0"),
      row("cuts.observed", LT_AT(cuts.observed), "always 0"),
      row("cuts.unproven", LT_AT(cuts.unproven), "always 0"),
      row("inbound.epoch", LT_AT(inbound.epoch), "always 0"),
      row("inbound.proof", LT_AT(inbound.proof),
          "what proves that our copy of the peer's data is of one moment: `source` of one stream, "
          "`none` of several; empty until something was received"),
      row("inbound.proof_reason", LT_AT(inbound.proof_reason),
          "why it is proven, or why it is not"),
      row("inbound.as_of", LT_AT(inbound.as_of),
          "as of when our copy is, a time of the peer's clock; of several streams that of the "
          "oldest",
          {gauge("longthrow_inbound_as_of_timestamp_seconds",
                 "As of when our copy is, on the peer's clock.")}),
      row("inbound.age_s", LT_AT(inbound.age_s),
          "how old our copy is now, counted on monotonic clocks: civil clocks that jump do not "
          "change it",
          {gauge("longthrow_inbound_age_seconds", "How old our copy of the peer's data is.")}),
  };
}

}  // namespace

const StatusRows<GroupStatus>& rows_of(const GroupStatus*) {
  static const StatusRows<GroupStatus> rows = GroupRows::all();
  return rows;
}

}  // namespace longthrow::control
