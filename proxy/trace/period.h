// SPDX-License-Identifier: Apache-2.0
// A time of the civil clock that a report is about. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace longthrow::trace {

// In seconds since 1970: from `since` to before `until`.
struct Period {
  std::int64_t since = 0;
  std::int64_t until = 0;
};

// "2026-11": from the first day of the month to before that of the next one, in UTC. Nothing: it is
// no month.
[[nodiscard]] std::optional<Period> month_of(std::string_view text);
// The month that `wall` is in.
[[nodiscard]] Period month_at(std::int64_t wall);

}  // namespace longthrow::trace
