// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/bandwidth_windows.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

TEST(BandwidthWindows, AreRead) {
  const auto office = parse_bandwidth_window("mon-fri 08:00-18:30 20mbit");
  ASSERT_TRUE(office);
  EXPECT_EQ(*office, (BandwidthWindow{.days = 0b0011111,
                                      .from_minute = 480,
                                      .to_minute = 1110,
                                      .bytes_s = 2'500'000,
                                      .text = "mon-fri 08:00-18:30 20mbit"}));
  const auto night = parse_bandwidth_window("mon,wed-thu,sun 22:00-06:00 unlimited");
  ASSERT_TRUE(night);
  EXPECT_EQ(night->days, 0b1001101);
  EXPECT_EQ(night->length(), 8 * 60);
  EXPECT_EQ(night->bytes_s, 0U);
  EXPECT_EQ(parse_bandwidth_window("daily 00:00-24:00 4MiB/s")->length(), kDayMinutes);
  EXPECT_EQ(parse_bandwidth_window("sat 12:00-12:00 1mbit")->length(), kDayMinutes);
  EXPECT_EQ(parse_bandwidth_window("sat-mon 00:00-01:00 1mbit")->days, 0b1100001);
}

TEST(BandwidthWindows, WhatIsNoneIsRefusedWithAReason) {
  for (const auto& [text, reason] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "days, times and a rate"},
           {"mon 08:00-18:00", "days, times and a rate"},
           {"mon  08:00-18:00 1mbit", "days, times and a rate"},
           {"Monday 08:00-18:00 1mbit", "no days"},
           {"mon- 08:00-18:00 1mbit", "no days"},
           {"mon-tue-wed 08:00-18:00 1mbit", "no days"},
           {"mon 8:00-18:00 1mbit", "no times"},
           {"mon 08:00 1mbit", "no times"},
           {"mon 08:60-18:00 1mbit", "no times"},
           {"mon 08:00-24:01 1mbit", "no times"},
           {"mon 24:00-24:00 1mbit", "no times"},
           {"mon -8:00-18:00 1mbit", "no times"},
           {"mon 08:00-18:00 100M", "bit"}}) {
    const auto window = parse_bandwidth_window(text);
    ASSERT_FALSE(window) << text;
    EXPECT_NE(window.error().message.find(reason), std::string::npos)
        << text << ": " << window.error().message;
  }
}

}  // namespace
}  // namespace longthrow
