// SPDX-License-Identifier: Apache-2.0
// The history of events for people.
#pragma once

#include <string>

#include "proxy/control/json.h"
#include "tools/longthrow/human.h"

namespace longthrow::cli {

// One line, with its end. `event`: one of the answer to the control command `events`.
[[nodiscard]] std::string render_event(const json::object& event, const Painter& paint);
// The whole answer.
[[nodiscard]] std::string render_events(const json::object& answer, const Painter& paint);

}  // namespace longthrow::cli
