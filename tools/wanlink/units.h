// SPDX-License-Identifier: Apache-2.0
// Values with a unit, as wanlink's command line and control socket write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "longthrow/error.h"
#include "longthrow/time.h"

namespace longthrow::wanlink {

// "80ms", "1.5s", "200us", "2min", "1h"; "0" needs no unit. Never negative.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
// Bits per second, in tc's words and any case: "512kbit", "50mbit", "1gbit"; "unlimited" is 0.
[[nodiscard]] Result<std::uint64_t> parse_rate(std::string_view text);
// Bytes: "1MB" (10^6), "64KiB" (2^16), or a plain number.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
// "0.1%" or "0.001"; from 0 to 1.
[[nodiscard]] Result<double> parse_probability(std::string_view text);

[[nodiscard]] std::string lowercase(std::string_view text);

}  // namespace longthrow::wanlink
