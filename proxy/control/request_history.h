// SPDX-License-Identifier: Apache-2.0
// Questions for what has happened: the ledger of losses, and the history of events.
#pragma once

#include "proxy/control/request.h"
#include "proxy/control/request_reader.h"

namespace longthrow::control {

[[nodiscard]] Request read_losses(RequestReader& in);
[[nodiscard]] Request read_events(RequestReader& in);

}  // namespace longthrow::control
