// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/settings.h"

#include <gtest/gtest.h>

namespace longthrow::wanlink {
namespace {

using namespace std::chrono_literals;

TEST(Settings, RttIsHalfOfItEachWay) {
  DirectionSettings settings;
  ASSERT_TRUE(apply_setting(settings, "rtt", "80ms"));
  EXPECT_EQ(settings.delay, 40ms);
}

TEST(Settings, BurstLossIsTwoOrThreeProbabilities) {
  DirectionSettings settings;
  ASSERT_TRUE(apply_setting(settings, "burst-loss", "1%,20%"));
  EXPECT_DOUBLE_EQ(settings.burst.leave, 0.2);
  EXPECT_DOUBLE_EQ(settings.burst.loss, 1.0);
  ASSERT_TRUE(apply_setting(settings, "burst-loss", "1%,20%,50%"));
  EXPECT_DOUBLE_EQ(settings.burst.loss, 0.5);
  ASSERT_TRUE(apply_setting(settings, "burst-loss", "0"));
  EXPECT_DOUBLE_EQ(settings.burst.enter, 0.0);
}

TEST(Settings, EveryKeyRefusesNonsenseAndChangesNothing) {
  for (const char* key :
       {"delay", "rtt", "jitter", "rate", "queue", "loss", "burst-loss", "outage-mode"}) {
    DirectionSettings settings;
    EXPECT_FALSE(apply_setting(settings, key, "nonsense")) << key;
    EXPECT_FALSE(apply_setting(settings, key, "")) << key;
    EXPECT_EQ(settings.delay + settings.jitter, 0ns);
    EXPECT_EQ(settings.burst.enter, 0.0);
  }
}

TEST(Settings, BurstThatNeverEndsIsRefused) {
  DirectionSettings settings;
  EXPECT_FALSE(apply_setting(settings, "burst-loss", "1%,0"));
  EXPECT_FALSE(apply_setting(settings, "burst-loss", "1%"));
  EXPECT_FALSE(apply_setting(settings, "burst-loss", "1%,1%,1%,1%"));
}

TEST(Settings, UnknownKeyNamesTheKnownOnes) {
  DirectionSettings settings;
  const auto refused = apply_setting(settings, "latency", "1ms");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("delay"), std::string::npos);
}

TEST(Settings, DelayOfHoursIsRefused) {
  DirectionSettings settings;
  EXPECT_FALSE(apply_setting(settings, "delay", "1h"));
}

}  // namespace
}  // namespace longthrow::wanlink
