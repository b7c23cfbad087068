// SPDX-License-Identifier: Apache-2.0
// The history of events in JSON (docs/CONTROL.md).
#pragma once

#include "longthrow/events.h"
#include "proxy/control/json.h"

namespace longthrow::control {

// What `events` answers: an extract of the history.
[[nodiscard]] json::object events_to_json(const EventReport& report);

}  // namespace longthrow::control
