// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/units.h"

#include <charconv>
#include <cmath>
#include <span>

#include "proxy/base/log.h"

namespace longthrow::wanlink {
namespace {

struct Unit {
  std::string_view name;
  double factor = 1.0;
};

constexpr Unit kDurationUnits[] = {{"ns", 1.0}, {"us", 1e3},   {"ms", 1e6},  {"s", 1e9},
                                   {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}};
constexpr Unit kRateUnits[] = {{"bit", 1.0}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}};
constexpr Unit kSizeUnits[] = {{"", 1.0},
                               {"b", 1.0},
                               {"kb", 1e3},
                               {"mb", 1e6},
                               {"gb", 1e9},
                               {"kib", 1024.0},
                               {"mib", 1024.0 * 1024.0},
                               {"gib", 1024.0 * 1024.0 * 1024.0}};

// Nothing that wanlink counts comes near this; it keeps the products exact in 64 bits.
constexpr double kLargest = 1e18;

struct Form {
  std::span<const Unit> units;
  std::string_view example;
};

Result<double> parse(std::string_view text, const Form& form) {
  const std::string lower = lowercase(text);
  double number = 0.0;
  const char* const end = lower.data() + lower.size();
  const auto [rest, error] = std::from_chars(lower.data(), end, number);
  if (error != std::errc{} || !std::isfinite(number) || number < 0.0) {
    return fail(format("\"{}\" is not understood: write it like {}", text, form.example));
  }
  const std::string_view unit(rest, end);
  for (const Unit& candidate : form.units) {
    const bool zero_without_unit = unit.empty() && number == 0.0;
    if (candidate.name != unit && !zero_without_unit) continue;
    if (number * candidate.factor > kLargest) return fail(format("\"{}\" is too much", text));
    return number * candidate.factor;
  }
  return fail(format("\"{}\" has no known unit: write it like {}", text, form.example));
}

}  // namespace

std::string lowercase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Result<Duration> parse_duration(std::string_view text) {
  const auto nanoseconds = parse(text, {kDurationUnits, "80ms, 1.5s or 200us"});
  if (!nanoseconds) return std::unexpected(nanoseconds.error());
  return Duration(std::llround(*nanoseconds));
}

Result<std::uint64_t> parse_rate(std::string_view text) {
  if (lowercase(text) == "unlimited") return 0;
  const auto bits = parse(text, {kRateUnits, "512kbit, 50mbit, 1gbit or unlimited"});
  if (!bits) return std::unexpected(bits.error());
  return static_cast<std::uint64_t>(std::llround(*bits));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto bytes = parse(text, {kSizeUnits, "64KiB, 1MB or 1500"});
  if (!bytes) return std::unexpected(bytes.error());
  return static_cast<std::uint64_t>(std::llround(*bytes));
}

Result<double> parse_probability(std::string_view text) {
  constexpr Unit kUnits[] = {{"", 1.0}, {"%", 0.01}};
  const auto probability = parse(text, {kUnits, "0.1% or 0.001"});
  if (!probability) return std::unexpected(probability.error());
  if (*probability > 1.0) return fail(format("\"{}\" is more than 100%", text));
  return *probability;
}

}  // namespace longthrow::wanlink
