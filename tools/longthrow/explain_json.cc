// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/explain_json.h"

namespace longthrow::cli {
namespace {

json::value number(std::optional<double> value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object numbers_json(const explain::Numbers& numbers) {
  const auto& tcp = numbers.tcp;
  return {
      {"seconds", numbers.seconds},
      {"in_bytes_s", number(numbers.in_bytes_s)},
      {"out_bytes_s", number(numbers.out_bytes_s)},
      {"from_peer_bytes_s", number(numbers.from_peer_bytes_s)},
      {"handed_bytes_s", number(numbers.handed_bytes_s)},
      {"ratio", number(numbers.ratio)},
      {"lag_bytes", numbers.lag.bytes},
      {"lag_s", numbers.lag.seconds},
      {"lag_growth_bytes_s", number(numbers.lag_growth_bytes_s)},
      {"drain_eta_s", number(numbers.drain_s)},
      {"full_eta_s", number(numbers.full_s)},
      {"buffer_share", numbers.buffer_share},
      {"undelivered_bytes", numbers.undelivered_bytes},
      {"held_at_peer_bytes", numbers.held_at_peer_bytes ? json::value(*numbers.held_at_peer_bytes)
                                                        : json::value(nullptr)},
      {"delivered_bytes_s", numbers.delivered_bytes_s},
      {"rtt_ms", number(tcp.rtt_ms)},
      {"min_rtt_ms", number(tcp.min_rtt_ms)},
      {"sent_again_share", number(tcp.sent_again_share)},
      {"receive_window_share", number(tcp.receive_window_share)},
      {"send_buffer_share", number(tcp.send_buffer_share)},
      {"waiting_bytes", tcp.waiting_bytes}};
}

json::object by_name(const std::map<std::string, explain::Verdict>& verdicts) {
  json::object out;
  for (const auto& [name, verdict] : verdicts) out[name] = to_json(verdict);
  return out;
}

}  // namespace

json::object to_json(const explain::Verdict& verdict) {
  return {{"cause", to_string(verdict.cause)},
          {"where", to_string(verdict.where)},
          {"effect", to_string(verdict.effect)},
          {"sentence", verdict.sentence},
          {"numbers", numbers_json(verdict.numbers)}};
}

json::object to_json(const explain::Explanation& explanation) {
  return {{"links", by_name(explanation.links)}, {"groups", by_name(explanation.groups)}};
}

}  // namespace longthrow::cli
