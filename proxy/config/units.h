// SPDX-License-Identifier: Apache-2.0
// Sizes, rates and durations as people write them. Whole numbers and decimal fractions ("1.5GiB");
// units in any case, except that a duration's are lower case; a space before the unit is allowed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "longthrow/error.h"
#include "longthrow/time.h"

namespace longthrow {

// Bytes. "1GiB" and "1G" are 2^30, "1GB" is 10^9 (K M G T alone are IEC, as in DRBD); "4096B" and
// "4096" are bytes.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
// Bytes a second, 0 for "unlimited". As in tc: "100mbit" is 10^8 bits, "100mibit" is 100 * 2^20
// bits, "100mbps" is 10^8 BYTES a second; besides, a size over "/s" ("4MiB/s"). A bare number is
// refused.
[[nodiscard]] Result<std::uint64_t> parse_rate(std::string_view text);
// "500ms", "30s", "2m" (or min), "1h", "1d"; also us and ns. A bare number is refused.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// The shortest text that is read back as exactly this value.
[[nodiscard]] std::string show_size(std::uint64_t bytes);
[[nodiscard]] std::string show_rate(std::uint64_t bytes_s);
[[nodiscard]] std::string show_duration(Duration duration);

}  // namespace longthrow
