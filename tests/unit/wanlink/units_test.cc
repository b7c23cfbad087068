// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/units.h"

#include <gtest/gtest.h>

namespace longthrow::wanlink {
namespace {

using namespace std::chrono_literals;

TEST(Units, DurationsHaveTheUsualUnits) {
  EXPECT_EQ(*parse_duration("80ms"), 80ms);
  EXPECT_EQ(*parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("200us"), 200us);
  EXPECT_EQ(*parse_duration("5MIN"), 5min);
  EXPECT_EQ(*parse_duration("0"), 0s);
}

TEST(Units, RatesAreThoseOfTcInAnyCase) {
  EXPECT_EQ(*parse_rate("50mbit"), 50'000'000U);
  EXPECT_EQ(*parse_rate("1.5Gbit"), 1'500'000'000U);
  EXPECT_EQ(*parse_rate("512KBIT"), 512'000U);
  EXPECT_EQ(*parse_rate("unlimited"), 0U);
}

TEST(Units, SizesAreIecOrSi) {
  EXPECT_EQ(*parse_size("1MB"), 1'000'000U);
  EXPECT_EQ(*parse_size("64KiB"), 65536U);
  EXPECT_EQ(*parse_size("1500"), 1500U);
}

TEST(Units, ProbabilitiesArePercentOrFractions) {
  EXPECT_DOUBLE_EQ(*parse_probability("0.1%"), 0.001);
  EXPECT_DOUBLE_EQ(*parse_probability("0.25"), 0.25);
  EXPECT_FALSE(parse_probability("101%"));
  EXPECT_FALSE(parse_probability("2"));
}

TEST(Units, NonsenseIsRefusedWithAnExample) {
  for (const char* text : {"", "ms", "80", "-1ms", "80 ms", "80msx", "nan", "infs", "1e300s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  for (const char* text : {"", "50", "50mbps", "50MB", "1e30gbit"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
  EXPECT_NE(parse_rate("50mbps").error().message.find("50mbit"), std::string::npos);
}

}  // namespace
}  // namespace longthrow::wanlink
