// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/units.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <optional>
#include <span>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t kKilo = 1000;
constexpr std::uint64_t kKibi = 1024;
constexpr std::uint64_t power(std::uint64_t base, int exponent) {
  return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

// Largest first: `show` takes the first that divides, and prefers the shorter text.
constexpr auto kSizes = std::to_array<Unit>({
    {"tib", power(kKibi, 4)},
    {"gib", power(kKibi, 3)},
    {"mib", power(kKibi, 2)},
    {"kib", kKibi},
    {"tb", power(kKilo, 4)},
    {"gb", power(kKilo, 3)},
    {"mb", power(kKilo, 2)},
    {"kb", kKilo},
    {"t", power(kKibi, 4)},
    {"g", power(kKibi, 3)},
    {"m", power(kKibi, 2)},
    {"k", kKibi},
    {"b", 1},
    {"", 1},
});
constexpr auto kBits = std::to_array<Unit>({
    {"tbit", power(kKilo, 4)},
    {"gbit", power(kKilo, 3)},
    {"mbit", power(kKilo, 2)},
    {"kbit", kKilo},
    {"bit", 1},
    {"tibit", power(kKibi, 4)},
    {"gibit", power(kKibi, 3)},
    {"mibit", power(kKibi, 2)},
    {"kibit", kKibi},
});
constexpr auto kTimes = std::to_array<Unit>({
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"min", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
});

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// WHOLE.FRACTION times `factor`, rounded down; nothing on overflow.
std::optional<std::uint64_t> scale(std::string_view whole, std::string_view fraction,
                                   std::uint64_t factor) {
  std::uint64_t value = 0;
  for (const char c : whole) {
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, static_cast<std::uint64_t>(c - '0'), &value)) {
      return std::nullopt;
    }
  }
  if (__builtin_mul_overflow(value, factor, &value)) return std::nullopt;
  std::uint64_t part = 0;
  std::uint64_t divisor = 1;
  for (const char c : fraction.substr(0, 3)) {  // 3 digits: `part * factor` stays in range
    part = part * 10 + static_cast<std::uint64_t>(c - '0');
    divisor *= 10;
  }
  if (__builtin_add_overflow(value, part * factor / divisor, &value)) return std::nullopt;
  return value;
}

Result<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto take_digits = [&](std::string_view from) {
    return from.substr(
        0, static_cast<std::size_t>(std::ranges::find_if_not(from, digit) - from.begin()));
  };
  const std::string_view whole = take_digits(text);
  std::string_view rest = text.substr(whole.size());
  std::string_view fraction;
  if (rest.starts_with('.')) {
    fraction = take_digits(rest.substr(1));
    if (fraction.empty() || fraction.size() > 3) return fail("not a number with up to 3 decimals");
    rest.remove_prefix(1 + fraction.size());
  }
  if (whole.empty()) return fail("it does not start with a number");
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto unit = std::ranges::find(units, rest, &Unit::name);
  if (unit == units.end()) {
    return fail(rest.empty() ? "the unit is missing" : format("\"{}\" is not a unit", rest));
  }
  const auto value = scale(whole, fraction, unit->factor);
  if (!value) return fail("the number is too large");
  return *value;
}

// Takes `ending` off, if it is there.
bool take_end(std::string_view& text, std::string_view ending) {
  if (!text.ends_with(ending)) return false;
  text.remove_suffix(ending.size());
  return true;
}

// The prefix of a rate that does not say whether it means bits or bytes: "m" of "Mbps" (bits to
// most people, bytes to tc), of "Mb/s" and "Mb", of "M/s" and "M". Nothing if the unit is clear, or
// is no unit of a rate. REQUIRES: `unit` is as it was written: only the case tells Mb from MB.
std::optional<std::string> ambiguous_prefix(std::string_view unit) {
  std::string_view rest = unit;
  const std::string low = lower(unit);
  const bool per_second = take_end(rest, "/s") || take_end(rest, "/S");
  if (!per_second && low.ends_with("bps")) {
    rest.remove_suffix(3);
  } else if (per_second && rest.ends_with('B')) {
    return std::nullopt;
  } else if (rest.ends_with('b') || rest.ends_with('B')) {
    rest.remove_suffix(1);
  }
  std::string prefix = lower(rest);
  for (const std::string_view known : {"", "k", "m", "g", "t", "ki", "mi", "gi", "ti"}) {
    // A number alone has its own message.
    if (prefix == known && !(unit.empty() && !per_second)) return prefix;
  }
  return std::nullopt;
}

Error neither_bits_nor_bytes(std::string_view text, std::string_view number,
                             const std::string& prefix) {
  std::string bytes = prefix;
  if (!bytes.empty() && bytes != "k") bytes[0] = static_cast<char>(std::toupper(bytes[0]));
  return Error{.message =
                   format("\"{}\" does not say whether it means bits or bytes a second: write "
                          "\"{}{}bit\" (bits) or \"{}{}B/s\" (bytes, eight times as much)",
                          text, number, prefix, number, bytes)};
}

std::string shortest(std::uint64_t value, std::span<const Unit> units,
                     std::span<const std::string_view> names) {
  std::string best;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (value % units[i].factor != 0) continue;
    std::string text = format("{}{}", value / units[i].factor, names[i]);
    if (best.empty() || text.size() < best.size()) best = std::move(text);
  }
  return best;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  return parse_quantity(lower(text), kSizes);
}

Result<std::uint64_t> parse_rate(std::string_view text) {
  const std::string low = lower(text);
  if (low == "unlimited") return std::uint64_t{0};
  const std::string_view number = text.substr(0, text.find_first_not_of("0123456789."));
  std::string_view unit = text.substr(number.size());
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  if (const auto prefix = ambiguous_prefix(unit); prefix && !number.empty() && text.size() <= 64) {
    return std::unexpected(neither_bits_nor_bytes(text, number, *prefix));
  }
  std::string_view rest = low;
  const bool per_second = take_end(rest, "/s");
  // A size with its B, before "/s", means bytes a second.
  if (per_second && rest.ends_with('b')) return parse_quantity(rest, kSizes);
  auto bits = parse_quantity(rest, kBits);
  if (bits) *bits /= 8;
  return bits;
}

Result<std::uint64_t> parse_drbd_rate(std::string_view text) {
  const auto letter = text.find_first_not_of("0123456789.");
  const std::string unit = letter == std::string_view::npos ? "" : lower(text.substr(letter));
  const bool as_in_drbd = unit.empty() || unit == "k" || unit == "m" || unit == "g";
  return as_in_drbd ? parse_size(text) : parse_rate(text);
}

Result<Duration> parse_duration(std::string_view text) {
  const auto ns = parse_quantity(text, kTimes);
  if (!ns) return std::unexpected(ns.error());
  if (*ns > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return fail("the number is too large");
  }
  return Duration(static_cast<std::int64_t>(*ns));
}

std::string show_size(std::uint64_t bytes) {
  static constexpr auto kNames =
      std::to_array<std::string_view>({"TiB", "GiB", "MiB", "KiB", "TB", "GB", "MB", "kB"});
  if (bytes == 0) return "0B";
  const std::string text = shortest(bytes, kSizes, kNames);
  const std::string plain = format("{}B", bytes);
  return text.empty() || plain.size() < text.size() ? plain : text;
}

std::string show_rate(std::uint64_t bytes_s) {
  static constexpr auto kNames =
      std::to_array<std::string_view>({"tbit", "gbit", "mbit", "kbit", "bit"});
  if (bytes_s == 0) return "unlimited";
  if (bytes_s > std::numeric_limits<std::uint64_t>::max() / 8) return show_size(bytes_s) + "/s";
  return shortest(bytes_s * 8, kBits, kNames);
}

std::string show_duration(Duration duration) {
  static constexpr auto kNames = std::to_array<std::string_view>({"d", "h", "m"});
  const auto ns = static_cast<std::uint64_t>(duration.count());
  if (ns == 0) return "0s";
  // As people write: 60s and not 1m, but 1h.
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const bool round = ns % kTimes[i].factor == 0;
    if (round && (i < 2 || ns / kTimes[i].factor > 1)) {
      return format("{}{}", ns / kTimes[i].factor, kNames[i]);
    }
  }
  return shortest(ns, std::span(kTimes).subspan(4),
                  std::to_array<std::string_view>({"s", "ms", "us", "ns"}));
}

}  // namespace longthrow
