// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/link.h"

#include <gtest/gtest.h>

#include "tests/unit/wanlink/super_packet.h"

namespace longthrow::wanlink {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart = TimePoint(1000s);
constexpr const char* kDone = R"({"ok":true})";

struct LinkTest : testing::Test {
  std::string tell(std::string_view command, Duration at = 0s) {
    return link.execute(kStart + at, command);
  }
  [[nodiscard]] bool refuses(std::string_view command) {
    return tell(command).starts_with(R"({"ok":false,"error":")");
  }
  const DirectionSettings& a2b() { return link.direction(0).settings(); }
  const DirectionSettings& b2a() { return link.direction(1).settings(); }
  Link link{LinkSettings{}, kStart};
};

TEST_F(LinkTest, SetChangesBothDirections) {
  EXPECT_EQ(tell("set rate=10mbit loss=5%"), kDone);
  EXPECT_EQ(a2b().rate_bits_s, 10'000'000U);
  EXPECT_EQ(b2a().rate_bits_s, 10'000'000U);
  EXPECT_DOUBLE_EQ(b2a().loss, 0.05);
}

TEST_F(LinkTest, SetWithADirectionLeavesTheOther) {
  EXPECT_EQ(tell("set a2b loss=5%"), kDone);
  EXPECT_EQ(tell("set b2a delay=3ms"), kDone);
  EXPECT_DOUBLE_EQ(a2b().loss, 0.05);
  EXPECT_DOUBLE_EQ(b2a().loss, 0.0);
  EXPECT_EQ(a2b().delay, 0ns);
  EXPECT_EQ(b2a().delay, 3ms);
}

TEST_F(LinkTest, RefusedSetChangesNothing) {
  EXPECT_TRUE(refuses("set rate=10mbit loss=banana"));
  EXPECT_EQ(a2b().rate_bits_s, 0U);
}

TEST_F(LinkTest, NonsenseIsRefused) {
  for (const char* command : {"", " ", "dance", "set", "set rate", "set =", "down now", "outage",
                              "outage x", "outage 1s 2s", "stats all", "up a2b b2a", "quit now"}) {
    EXPECT_TRUE(refuses(command)) << command;
  }
  EXPECT_FALSE(link.quit_requested());
}

TEST_F(LinkTest, ErrorIsOneLineOfJsonWhateverWasSent) {
  const std::string answer = tell("set \"\\\n\x01\xff=1");
  EXPECT_EQ(answer.find('\n'), std::string::npos);
  for (const char c : answer) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  EXPECT_NE(answer.find(R"(\"\\)"), std::string::npos);
}

TEST_F(LinkTest, DownAndUpGoBothWaysOrOne) {
  EXPECT_EQ(tell("down a2b"), kDone);
  EXPECT_TRUE(link.direction(0).is_down());
  EXPECT_FALSE(link.direction(1).is_down());
  EXPECT_EQ(tell("down"), kDone);
  EXPECT_EQ(tell("up"), kDone);
  EXPECT_FALSE(link.direction(0).is_down() || link.direction(1).is_down());
}

TEST_F(LinkTest, OutageEndsByItself) {
  EXPECT_EQ(tell("outage 10s"), kDone);
  EXPECT_EQ(link.next_timeout(), kStart + 10s);
  EXPECT_NE(tell("stats", 9s).find(R"("state":"down")"), std::string::npos);
  EXPECT_EQ(tell("stats", 10s).find(R"("state":"down")"), std::string::npos);
}

TEST_F(LinkTest, StatisticsCountWhatPassed) {
  link.direction(0).on_frame(kStart, make_small_frame(100));
  EXPECT_TRUE(link.direction(0).poll_frame(kStart));
  const std::string stats = tell("stats", 2s);
  EXPECT_TRUE(stats.starts_with(R"({"ok":true,"uptime_s":2.000,"a2b":{"state":"up")"));
  EXPECT_NE(stats.find(R"("in":{"packets":1,"bytes":100},"out":{"packets":1,"bytes":100})"),
            std::string::npos);
}

TEST_F(LinkTest, QuitIsRemembered) {
  EXPECT_EQ(tell("quit"), kDone);
  EXPECT_TRUE(link.quit_requested());
}

TEST(Link, PlansOutagesOfBothDirections) {
  Link link({.outages = {{.start = 1s, .length = 1s}}, .periodic = {.start = 10s, .length = 1s}},
            kStart);
  EXPECT_EQ(link.next_timeout(), kStart + 1s);
  EXPECT_FALSE(link.direction(1).poll_frame(kStart + 10s));
  EXPECT_TRUE(link.direction(1).is_down());
}

}  // namespace
}  // namespace longthrow::wanlink
