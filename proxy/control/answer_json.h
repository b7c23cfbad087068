// SPDX-License-Identifier: Apache-2.0
// Answers of the control protocol (docs/CONTROL.md).
#pragma once

#include <string>

#include "longthrow/node.h"
#include "proxy/control/json.h"

namespace longthrow::control {

[[nodiscard]] json::object answer_to_json(const Answer& answer);

// The last answer to a request that failed. `kind`: "usage" (the request itself is wrong), "busy",
// "timeout" or "failed".
[[nodiscard]] json::object error_to_json(std::string_view kind, std::string_view message);

}  // namespace longthrow::control
