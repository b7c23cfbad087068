// SPDX-License-Identifier: Apache-2.0
// Status as JSON: the one form that the control socket, `/status` and `longthrow status --json`
// show. Its keys are a contract (docs/CONTROL.md): they are added to, never renamed.
#pragma once

#include <string>

#include "longthrow/status.h"
#include "proxy/base/human.h"
#include "proxy/control/json.h"

namespace longthrow::control {

[[nodiscard]] json::object status_to_json(const Status& status);
// What another program has written, perhaps of another version: keys that are not known are
// ignored, members whose key is missing or of another type keep their defaults, and the consistency
// of a group that does not tell it is unknown.
[[nodiscard]] Status status_from_json(const json::object& in);

using longthrow::utc_text;

}  // namespace longthrow::control
