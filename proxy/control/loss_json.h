// SPDX-License-Identifier: Apache-2.0
// The ledger of losses in JSON (docs/CONTROL.md), and the times that a question for it may name.
#pragma once

#include <optional>
#include <string_view>

#include "longthrow/losses.h"
#include "proxy/control/json.h"

namespace longthrow::control {

// What `losses` answers: an extract of the ledger.
void add_losses(const LossReport& report, json::object& answer);
// "2026-01-31", "2026-01-31T12:00:00" or with a "Z" behind: UTC, all of them.
[[nodiscard]] std::optional<WallTime> parse_utc(std::string_view text);

}  // namespace longthrow::control
