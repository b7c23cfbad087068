// SPDX-License-Identifier: Apache-2.0
// Status as JSON: the one form that the control socket, `/status` and `longthrow status --json`
// show. Its keys are a contract (docs/CONTROL.md): they are added to, never renamed.
#pragma once

#include <string>

#include "longthrow/status.h"
#include "proxy/control/json.h"

namespace longthrow::control {

[[nodiscard]] json::object status_to_json(const Status& status);

// RFC 3339 in UTC with milliseconds: "2026-01-31T12:01:07.300Z".
[[nodiscard]] std::string utc_text(WallTime time);

}  // namespace longthrow::control
