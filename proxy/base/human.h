// SPDX-License-Identifier: Apache-2.0
// Numbers and times as people read them.
#pragma once

#include <string>

#include "longthrow/time.h"

namespace longthrow {

[[nodiscard]] std::string human_bytes(double bytes);      // "0 B", "512 B", "1.5 MiB"
[[nodiscard]] std::string human_rate(double bytes_s);     // "1.5 MiB/s"
[[nodiscard]] std::string human_seconds(double seconds);  // "0.2 s", "2 min 5 s", "3 d 4 h"

// RFC 3339 in UTC with milliseconds: "2026-01-31T12:01:07.300Z".
[[nodiscard]] std::string utc_text(WallTime time);

}  // namespace longthrow
