// SPDX-License-Identifier: Apache-2.0
// The status of a daemon, perhaps of another version, from its answer (status_from_json()). All its
// texts and names are safe for a terminal, see printable().
#pragma once

#include "longthrow/status.h"
#include "proxy/control/json.h"

namespace longthrow::cli {

[[nodiscard]] Status read_status(const json::object& in);

}  // namespace longthrow::cli
