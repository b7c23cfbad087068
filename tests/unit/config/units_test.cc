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
TEST(Rate, SaysBitsOrBytes) {
  EXPECT_EQ(parse_rate("100mbit").value(), 12'500'000U);
  EXPECT_EQ(parse_rate("1GBit").value(), 125'000'000U);
  EXPECT_EQ(parse_rate("8kbit").value(), 1000U);
  EXPECT_EQ(parse_rate("1mibit").value(), 131'072U);
  EXPECT_EQ(parse_rate("100 Mbit/s").value(), 12'500'000U);
  EXPECT_EQ(parse_rate("4MiB/s").value(), 4 * kMiB);
  EXPECT_EQ(parse_rate("100kB/s").value(), 100'000U);
  EXPECT_EQ(parse_rate("2000B/s").value(), 2000U);
  EXPECT_EQ(parse_rate("Unlimited").value(), 0U);
}
TEST(Rate, NeitherBitsNorBytesIsRefusedWithBothSpellings) {
  for (const char* text : {"100Mbps", "100mbps", "100MBps", "100 Mbps", "100Mb/s", "100mb/s",
                           "100Mb", "100MB", "100M", "100m/s"}) {
    const auto rate = parse_rate(text);
    ASSERT_FALSE(rate.has_value()) << text;
    EXPECT_NE(rate.error().message.find("\"100mbit\""), std::string::npos) << rate.error().message;
    EXPECT_NE(rate.error().message.find("\"100MB/s\""), std::string::npos) << rate.error().message;
  }
  EXPECT_NE(parse_rate("1.5Gibps").error().message.find("\"1.5gibit\" (bits) or \"1.5GiB/s\""),
            std::string::npos);
  EXPECT_NE(parse_rate("64kbps").error().message.find("\"64kbit\" (bits) or \"64kB/s\""),
            std::string::npos);
  EXPECT_FALSE(parse_rate("8bps").has_value());
  EXPECT_FALSE(parse_rate("8b/s").has_value());
  EXPECT_FALSE(parse_rate("8/s").has_value());
}
TEST(Rate, WhatIsOfferedIsUnderstood) {
  for (const char* prefix : {"", "k", "m", "g", "ki", "Mi", "Gi"}) {
    const std::string message = parse_rate(std::string("16") + prefix + "bps").error().message;
    const auto quoted = [&](std::string_view before) {
      const auto from = message.find(before) + before.size();
      return message.substr(from, message.find('"', from) - from);
    };
    const std::uint64_t bits = parse_rate(quoted("write \"")).value();
    EXPECT_EQ(parse_rate(quoted("or \"")).value(), 8 * bits) << message;
  }
}
TEST(Rate, OfDrbdIsBytes) {
  EXPECT_EQ(parse_drbd_rate("100000").value(), 100'000U);
  EXPECT_EQ(parse_drbd_rate("0").value(), 0U);
  EXPECT_EQ(parse_drbd_rate("4M").value(), 4 * kMiB);
  EXPECT_EQ(parse_drbd_rate("100mbit").value(), 12'500'000U);
  EXPECT_FALSE(parse_drbd_rate("100Mbps").has_value());
  EXPECT_FALSE(parse_drbd_rate("100Mb").has_value());
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
