// SPDX-License-Identifier: Apache-2.0
// Checkpoints in JSON (docs/CONTROL.md).
#pragma once

#include "longthrow/checkpoints.h"
#include "proxy/control/json.h"

namespace longthrow::control {

[[nodiscard]] json::object checkpoint_to_json(const CheckpointRecord& record);
// What `checkpoints` answers.
void add_checkpoints(const CheckpointReport& report, json::object& answer);

}  // namespace longthrow::control
