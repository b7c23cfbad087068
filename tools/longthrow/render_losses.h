// SPDX-License-Identifier: Apache-2.0
// The ledger of losses for people.
#pragma once

#include <string>

#include "longthrow/losses.h"
#include "proxy/control/json.h"
#include "tools/longthrow/human.h"

namespace longthrow::cli {

// `answer`: of the control command `losses`.
[[nodiscard]] std::string render_losses(const json::object& answer, const Painter& paint);
// One line for status: the number, the bytes and the last of them; "" if there are none.
[[nodiscard]] std::string loss_line(const LossSummary& summary, const Painter& paint);

}  // namespace longthrow::cli
