// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/units.h"

#include <gtest/gtest.h>

#include "longthrow/bytes.h"

namespace longthrow {
namespace {

using namespace std::chrono_literals;

TEST(Size, LettersAloneAreBinaryAsInDrbd) {
  EXPECT_EQ(parse_size("16M").value(), 16 * kMiB);
  EXPECT_EQ(parse_size("1g").value(), kGiB);
  EXPECT_EQ(parse_size("3K").value(), 3 * kKiB);
}
TEST(Size, IecAndSiDiffer) {
  EXPECT_EQ(parse_size("1GiB").value(), kGiB);
  EXPECT_EQ(parse_size("1gb").value(), 1'000'000'000U);
  EXPECT_EQ(parse_size("512 MB").value(), 512'000'000U);
  EXPECT_EQ(parse_size("4096").value(), 4096U);
  EXPECT_EQ(parse_size("7B").value(), 7U);
}
TEST(Size, FractionsAreExact) {
  EXPECT_EQ(parse_size("1.5GiB").value(), 3 * kGiB / 2);
  EXPECT_EQ(parse_size("0.125MiB").value(), 128 * kKiB);
}
TEST(Size, NonsenseIsRefused) {
  for (const char* text :
       {"", "GiB", "-1MiB", "1.MiB", "1.2345MiB", "1MiB ", " 1MiB", "1  MiB", "1e3", "0x10",
        "99999999999999999999", "18446744073709551615K", "1.5.5M"}) {
    EXPECT_FALSE(parse_size(text).has_value()) << text;
  }
}
TEST(Rate, UnitsAreThoseOfTc) {
  EXPECT_EQ(parse_rate("100mbit").value(), 12'500'000U);
  EXPECT_EQ(parse_rate("1GBit").value(), 125'000'000U);
  EXPECT_EQ(parse_rate("8kbit").value(), 1000U);
  EXPECT_EQ(parse_rate("1mibit").value(), 131'072U);
  EXPECT_EQ(parse_rate("1mbps").value(), 1'000'000U);
  EXPECT_EQ(parse_rate("4MiB/s").value(), 4 * kMiB);
  EXPECT_EQ(parse_rate("Unlimited").value(), 0U);
}
TEST(Rate, BareNumberIsRefused) { EXPECT_FALSE(parse_rate("1000").has_value()); }
TEST(DurationText, Units) {
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("30s").value(), 30s);
  EXPECT_EQ(parse_duration("2m").value(), 2min);
  EXPECT_EQ(parse_duration("2min").value(), 2min);
  EXPECT_EQ(parse_duration("1.5h").value(), 90min);
  EXPECT_EQ(parse_duration("1d").value(), 24h);
}
TEST(DurationText, NonsenseIsRefused) {
  for (const char* text : {"", "5", "s", "-5s", "1M", "1 week", "200000d", "5S"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}
TEST(Shown, IsShort) {
  EXPECT_EQ(show_size(kGiB), "1GiB");
  EXPECT_EQ(show_size(512'000'000), "512MB");
  EXPECT_EQ(show_size(0), "0B");
  EXPECT_EQ(show_size(1000001), "1000001B");
  EXPECT_EQ(show_rate(12'500'000), "100mbit");
  EXPECT_EQ(show_rate(0), "unlimited");
  EXPECT_EQ(show_duration(60s), "60s");
  EXPECT_EQ(show_duration(90s), "90s");
  EXPECT_EQ(show_duration(1h), "1h");
  EXPECT_EQ(show_duration(24h), "1d");
  EXPECT_EQ(show_duration(1500ms), "1500ms");
}
TEST(Shown, IsReadBackAsTheSame) {
  for (std::uint64_t value = 1; value < std::uint64_t{1} << 45; value = value * 3 + 1) {
    EXPECT_EQ(parse_size(show_size(value)).value(), value);
    EXPECT_EQ(parse_rate(show_rate(value)).value(), value);
    const Duration duration(static_cast<std::int64_t>(value));
    EXPECT_EQ(parse_duration(show_duration(duration)).value(), duration);
  }
}

}  // namespace
}  // namespace longthrow
