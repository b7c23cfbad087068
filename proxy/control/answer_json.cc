// SPDX-License-Identifier: Apache-2.0
#include "proxy/control/answer_json.h"

#include <cmath>

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
  if (answer.losses) add_losses(*answer.losses, out);
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
