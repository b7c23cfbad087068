// SPDX-License-Identifier: Apache-2.0
#include "tools/check_longthrow/limits.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "proxy/base/log.h"
#include "proxy/config/units.h"

namespace longthrow::check {
namespace {

constexpr std::string_view kAge = "age=";

// "30", "0.5" or a duration as in the configuration.
std::optional<double> seconds_in(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size())
    return std::isfinite(number) && number >= 0 ? std::optional(number) : std::nullopt;
  const auto duration = parse_duration(text);
  return duration ? std::optional(seconds_of(*duration)) : std::nullopt;
}

double& of_level(Limits& limits, Level level) {
  return level == Level::critical ? limits.critical : limits.warning;
}

}  // namespace

Result<void> set_limit(const std::string& text, Level level, Wishes& wishes) {
  const bool age = text.starts_with(kAge);
  if (const auto seconds = seconds_in(age ? text.substr(kAge.size()) : text)) {
    of_level(age ? wishes.age : wishes.lag, level) = *seconds;
    return {};
  }
  if (const auto bytes = parse_size(text); bytes && !age) {
    of_level(wishes.lag_bytes, level) = static_cast<double>(*bytes);
    return {};
  }
  return fail(
      format("\"{}\" is no limit: write seconds (30, 30s, 5m), bytes (100MiB) or an age "
             "(age=15m)",
             text));
}

void lower_warnings(Wishes& wishes) {
  for (Limits* limits : {&wishes.lag, &wishes.lag_bytes, &wishes.age})
    limits->warning = std::min(limits->warning, limits->critical);
}

Result<void> check_limits(const Wishes& wishes) {
  struct Pair {
    const char* what;
    const Limits& limits;
  };
  for (const Pair& pair : {Pair{"lag in seconds", wishes.lag},
                           Pair{"lag in bytes", wishes.lag_bytes}, Pair{"age", wishes.age}}) {
    if (pair.limits.warning > pair.limits.critical)
      return fail(format("the warning limit of the {} is above the critical one", pair.what));
  }
  return {};
}

}  // namespace longthrow::check
