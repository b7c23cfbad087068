// SPDX-License-Identifier: Apache-2.0
// Whether a status has what a verdict is made of. Pure.
#pragma once

#include <string>
#include <vector>

#include "proxy/control/json.h"

namespace longthrow::check {

// Each key of which a verdict depends that is missing, or has a value that this program does not
// know: "links.dr.lag.seconds". A reader of a status takes defaults for these, which look healthy.
[[nodiscard]] std::vector<std::string> unexpected(const json::object& status);

}  // namespace longthrow::check
