// SPDX-License-Identifier: Apache-2.0
// The daemon's status, asked once.
#pragma once

#include <chrono>
#include <string>

#include "tools/longthrow/client.h"

namespace longthrow::cli {

// `control`: the path of its socket. Blocks for at most `silence` (and while it connects).
[[nodiscard]] Result<json::object> fetch_status(const std::string& control,
                                                std::chrono::milliseconds silence = kSilenceMax);

}  // namespace longthrow::cli
