// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/answer_json.h"

#include <cmath>

#include "proxy/control/checkpoint_json.h"
#include "proxy/control/loss_json.h"

namespace longthrow::control {
namespace {

json::object progress_to_json(const Answer::Progress& progress) {
  json::object out;
  out["left_bytes"] = progress.left_bytes;
  out["rate_bytes_s"] = std::isfinite(progress.rate_bytes_s) ? progress.rate_bytes_s : 0.0;
  out["eta_s"] = nullptr;
  if (progress.eta_s && std::isfinite(*progress.eta_s)) out["eta_s"] = *progress.eta_s;
  return out;
}

json::object restart_to_json(const RestartReport& report) {
  json::object groups;
  std::uint64_t connections = 0;
  for (const auto& [name, group] : report.groups) {
    connections += group.connections;
    json::object out;
    out["link"] = group.link;
    out["free"] = group.free();
    out["connections"] = group.connections;
    out["to_peer_bytes"] = group.to_peer_bytes;
    out["to_target_bytes"] = group.to_target_bytes;
    out["barriers_open"] = group.barriers_open;
    out["unapplied_channels"] = group.unapplied_channels;
    out["peer_silent_s"] = nullptr;
    if (group.peer_silent_s) out["peer_silent_s"] = *group.peer_silent_s;
    groups[name] = std::move(out);
  }
  return {{"connections", connections},
          {"stop_timeout_s", report.stop_timeout_s},
          {"groups", std::move(groups)}};
}

}  // namespace

json::object answer_to_json(const Answer& answer) {
  json::object out;
  out["done"] = answer.done;
  out["ok"] = answer.ok;
  if (answer.done && !answer.ok) out["error"] = "failed";
  out["message"] = answer.message;
  if (!answer.details.empty()) {
    json::array details;
    for (const std::string& line : answer.details) details.emplace_back(line);
    out["details"] = std::move(details);
  }
  if (answer.progress) out["progress"] = progress_to_json(*answer.progress);
  if (answer.consistent) out["consistent"] = *answer.consistent;
  if (answer.rtt_ms && std::isfinite(*answer.rtt_ms)) out["rtt_ms"] = *answer.rtt_ms;
  if (answer.restart) out["restart"] = restart_to_json(*answer.restart);
  if (answer.losses) add_losses(*answer.losses, out);
  if (answer.checkpoint) out["checkpoint"] = checkpoint_to_json(*answer.checkpoint);
  if (answer.checkpoints) add_checkpoints(*answer.checkpoints, out);
  return out;
}

json::object error_to_json(std::string_view kind, std::string_view message) {
  json::object out;
  out["done"] = true;
  out["ok"] = false;
  out["error"] = kind;
  out["message"] = message;
  return out;
}

}  // namespace longthrow::control
