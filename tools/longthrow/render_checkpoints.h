// SPDX-License-Identifier: Apache-2.0
// Checkpoints for people.
#pragma once

#include <string>

#include "proxy/control/json.h"
#include "tools/longthrow/human.h"

namespace longthrow::cli {

// `answer`: of the control command `checkpoints`.
[[nodiscard]] std::string render_checkpoints(const json::object& answer, const Painter& paint);

}  // namespace longthrow::cli
