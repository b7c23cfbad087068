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
// Bytes a second, 0 for "unlimited". "100mbit" (or "100Mbit/s") is 10^8 bits, "100mibit" is
// 100 * 2^20 bits; bytes are a size over "/s" with its B in upper case ("4MiB/s"). A rate that does
// not say bits or bytes ("100Mbps", "100Mb/s", "100M") is refused, and the error shows both
// spellings; a bare number is refused, too.
[[nodiscard]] Result<std::uint64_t> parse_rate(std::string_view text);
// A rate as DRBD writes it: a number of bytes a second, perhaps with K, M or G; else as
// parse_rate().
[[nodiscard]] Result<std::uint64_t> parse_drbd_rate(std::string_view text);
// "500ms", "30s", "2m" (or min), "1h", "1d"; also us and ns. A bare number is refused.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// The shortest text that is read back as exactly this value.
[[nodiscard]] std::string show_size(std::uint64_t bytes);
[[nodiscard]] std::string show_rate(std::uint64_t bytes_s);
[[nodiscard]] std::string show_duration(Duration duration);

}  // namespace longthrow
