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
      row("without_credit", LT_AT(without_credit),
          "bytes of the group wait to be sent, and the peer takes no more of it: its target does "
          "not take what it has got"),
      row("epoch", LT_AT(epoch),
          "cuts that were sent to the peer in this session: the number of the last epoch"),
      row("undelivered_bytes", LT_AT(undelivered_bytes),
          "bytes received for the group and not yet taken by the local target",
          {gauge("longthrow_group_undelivered_bytes")}),
      row("cuts.source", LT_AT(cuts.source),
          "cuts of the group, since the node has started, that are proven at the source"),
      row("cuts.freeze", LT_AT(cuts.freeze),
          "while nothing was written: a checkpoint with --freeze"),
      row("cuts.observed", LT_AT(cuts.observed),
          "cuts of what was received, for a source cannot be read from here: no proof"),
      row("cuts.unproven", LT_AT(cuts.unproven),
          "cuts without a proof: none came within `cut_deadline`, or the epoch became too large",
          {counter("longthrow_unproven_cuts_total", "Cuts of the group that nothing proves.")}),
      row("cuts.obstacle", LT_AT(cuts.obstacle),
          "why the last attempt gave no proof; empty: it gave one, or there was none"),
      row("checkpoints.done", LT_AT(checkpoints.done),
          "[checkpoints](CHECKPOINTS.md) of the group since the node's start, made here or by the "
          "peer, that were reached",
          {counter("longthrow_checkpoints_done_total",
                   "Checkpoints of the group that were reached.")}),
      row("checkpoints.failed", LT_AT(checkpoints.failed), "those that have failed",
          {counter("longthrow_checkpoints_failed_total", "Checkpoints of the group that failed.")}),
      row("checkpoints.last_done", LT_AT(checkpoints.last_done),
          "the name of the last one that was reached, also before a restart; empty: none"),
      row("checkpoints.last_done_at", LT_AT(checkpoints.last_done_at), "when that was",
          {gauge("longthrow_checkpoint_last_done_timestamp_seconds",
                 "When the copy reached the last checkpoint.")}),
      row("checkpoints.last_failure", LT_AT(checkpoints.last_failure),
          "why the newest one has failed; empty: it has not"),
      row("inbound.epoch", LT_AT(inbound.epoch),
          "the last epoch of the peer's data that is whole here; 0: one stream needs none"),
      row("inbound.proof", LT_AT(inbound.proof),
          "what proves that our copy of the peer's data is of one moment: `source` (one stream, or "
          "a cut that is proven at the source), `freeze`, `observed`, `none`; empty until "
          "something "
          "was received"),
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
      row("inbound.left_out_bytes", LT_AT(inbound.left_out_bytes),
          "received bytes that the last takeover has left out: they lie behind the end of the "
          "copy, "
          "in an epoch that was not whole, or came after the takeover"),
  };
}

}  // namespace

const StatusRows<GroupStatus>& rows_of(const GroupStatus*) {
  static const StatusRows<GroupStatus> rows = GroupRows::all();
  return rows;
}

}  // namespace longthrow::control
