// SPDX-License-Identifier: Apache-2.0
// Windows of `bandwidth_schedule` as people write them: "mon-fri 08:00-18:00 20mbit".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "longthrow/bandwidth_window.h"
#include "longthrow/error.h"

namespace longthrow {

// Days, times and a rate, with a space between them. Days: "daily", or days and ranges of days
// with commas ("mon,wed-fri"; "sat-mon" goes over the end of the week). Times: "08:00-18:00"; up to
// 24:00; a window whose end is not after its begin ends on the next day. The rate: as parse_rate.
[[nodiscard]] Result<BandwidthWindow> parse_bandwidth_window(std::string_view text);
// The error names the one that is wrong.
[[nodiscard]] Result<std::vector<BandwidthWindow>> parse_bandwidth_windows(
    std::span<const std::string> texts);

}  // namespace longthrow
