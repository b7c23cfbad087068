// SPDX-License-Identifier: Apache-2.0
// `longthrow status`: one screen from the daemon's JSON. Reads only keys that it knows, and does
// without those that are missing, so that it also shows an older or newer daemon.
#pragma once

#include <string>

#include "proxy/control/json.h"
#include "tools/longthrow/human.h"

namespace longthrow::cli {

[[nodiscard]] std::string render_status(const json::object& status, const Painter& paint);

}  // namespace longthrow::cli
