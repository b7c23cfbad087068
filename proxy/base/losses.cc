// SPDX-License-Identifier: Apache-2.0
#include "longthrow/losses.h"

#include <algorithm>
#include <array>

namespace longthrow {
namespace {

constexpr std::array<std::string_view, kLossReasons> kReasons = {
    "session_timeout",    "session_ended",  "peer_restarted",
    "peer_stopped",       "node_stopped",   "node_killed",
    "takeover",           "program_closed", "peer_program_closed",
    "target_unreachable", "target_stuck",   "pair_ended",
    "route_removed",      "refused",        "corrupt",
    "unconfirmed",        "partial_epoch"};

}  // namespace

std::string_view to_string(LossReason reason) {
  return kReasons.at(static_cast<std::size_t>(reason));
}

std::optional<LossReason> parse_loss_reason(std::string_view word) {
  const auto* const found = std::ranges::find(kReasons, word);
  if (found == kReasons.end()) return std::nullopt;
  return static_cast<LossReason>(found - kReasons.begin());
}

std::string_view to_string(LossPlace place) {
  return place == LossPlace::to_peer ? "to_peer" : "undelivered";
}

std::string_view to_string(LossWeight weight) {
  return weight == LossWeight::full ? "full" : "minor";
}

}  // namespace longthrow
