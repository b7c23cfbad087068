// SPDX-License-Identifier: Apache-2.0
// Calls the method for each control record of the peer.
#include "proxy/session/session.h"

namespace longthrow {
namespace {

// Decodes `body`, and hands the record over if it is well-formed.
template <typename Record, typename Handle>
Result<void> decoded(Result<Record> record, Handle handle) {
  if (!record) return std::unexpected(std::move(record.error()));
  return handle(std::move(*record));
}

}  // namespace

Result<void> Session::on_control(TimePoint now, LaneKind lane, wire::RecordType type,
                                 ByteView body) {
  using enum wire::RecordType;
  if (type == heartbeat && lane == LaneKind::bulk) return {};  // the lane lives; nothing else to do
  if (type == heartbeat_echo) {
    return decoded(wire::decode_heartbeat_echo(body), [&](const auto& echo) -> Result<void> {
      on_heartbeat_echo(now, echo);
      return {};
    });
  }
  if (lane == LaneKind::bulk) return breach("a control record on a bulk lane");
  switch (type) {
    case heartbeat:
      return decoded(wire::decode_heartbeat(body),
                     [&](const auto& record) { return on_heartbeat(now, record); });
    case routes:
      return decoded(wire::decode_routes(body),
                     [&](const auto& record) { return on_routes(record); });
    case ack:
      return decoded(wire::decode_ack(body), [&](const auto& record) { return on_ack(record); });
    case credit:
      return decoded(wire::decode_credit(body),
                     [&](const auto& record) { return on_credit(record); });
    case credit_recall:
      return decoded(wire::decode_credit_recall(body),
                     [&](const auto& record) { return on_credit_recall(record); });
    case credit_return:
      return decoded(wire::decode_credit_return(body),
                     [&](const auto& record) { return on_credit_return(record); });
    case marks:
      return decoded(wire::decode_marks(body), [&](wire::Marks record) -> Result<void> {
        on_marks(std::move(record));
        return {};
      });
    case cut:
      return decoded(wire::decode_cut(body),
                     [&](wire::Cut record) { return on_cut(std::move(record)); });
    case epochs:
      return decoded(wire::decode_epochs(body),
                     [&](const auto& record) { return on_epochs(record); });
    case checkpoint:
      return decoded(wire::decode_checkpoint(body),
                     [&](wire::Checkpoint record) { return on_checkpoint(std::move(record)); });
    case checkpoint_reports:
      return decoded(wire::decode_checkpoint_reports(body),
                     [&](wire::CheckpointReports record) -> Result<void> {
                       on_checkpoint_reports(std::move(record));
                       return {};
                     });
    default:
      return breach("a record that does not belong in a session");
  }
}

}  // namespace longthrow
