// SPDX-License-Identifier: Apache-2.0
// What two looks show in numbers.
#include "proxy/explain/measure.h"

#include "tests/unit/explain/explain_fixture.h"

namespace longthrow::explain::test {
namespace {

class Measure : public ExplainTest {
 protected:
  [[nodiscard]] Numbers numbers() const { return measure_link(Looks(&before, now), "dr"); }
};

TEST_F(Measure, RatesAreThoseBetweenTheLooks) {
  link().rate = {.in_bytes_s = 5, .out_bytes_s = 5};
  EXPECT_DOUBLE_EQ(*numbers().in_bytes_s, kMiB);
  EXPECT_DOUBLE_EQ(*numbers().out_bytes_s, kMiB);
  EXPECT_DOUBLE_EQ(numbers().seconds, kSeconds);
}

TEST_F(Measure, ARestartBetweenTheLooksMakesThemOne) {
  link().rate.in_bytes_s = 5;
  now.uptime_s = 3;
  EXPECT_DOUBLE_EQ(numbers().seconds, 0);
  EXPECT_DOUBLE_EQ(*numbers().in_bytes_s, 5);
}

TEST_F(Measure, LooksThatAreTooCloseAreOne) {
  now.uptime_s = before.uptime_s + 0.05;
  EXPECT_DOUBLE_EQ(numbers().seconds, 0);
}

TEST_F(Measure, ALinkThatIsNewHasOneLook) {
  before.links.clear();
  EXPECT_DOUBLE_EQ(numbers().seconds, 0);
  EXPECT_FALSE(numbers().lag_growth_bytes_s);
}

TEST_F(Measure, ALaneThatIsNewCountsFromItsBeginning) {
  link_before().lanes[1].tcp.sent_bytes = kGiB;
  lane().local = "a:3";
  lane().tcp.sent_bytes = kMiB;
  lane().tcp.sent_again_bytes = kMiB / 4;
  EXPECT_DOUBLE_EQ(*numbers().tcp.sent_again_share, 0.25);
}

TEST_F(Measure, TooLittleSaysNothingOfLosses) {
  lane().tcp.sent_bytes = 1000;
  lane().tcp.sent_again_bytes = 900;
  EXPECT_FALSE(numbers().tcp.sent_again_share);
  EXPECT_FALSE(numbers().tcp.receive_window_share);
}

TEST_F(Measure, TheLongestAndTheShortestRoundTripCount) {
  link().lanes.push_back({.name = "bulk2"});
  link().lanes.back().tcp.rtt_ms = 300.0;
  link().lanes.back().tcp.min_rtt_ms = 70.0;
  EXPECT_DOUBLE_EQ(*numbers().tcp.rtt_ms, 300.0);
  EXPECT_DOUBLE_EQ(*numbers().tcp.min_rtt_ms, 70.0);
}

TEST_F(Measure, TheExpressLaneIsNoPartOfBulk) {
  LaneStatus& express = link().lanes[0];
  express.tcp.rtt_ms = 500.0;
  express.tcp.sent_bytes = express.tcp.sent_again_bytes = kGiB;
  express.tcp.unsent_bytes = 9;
  EXPECT_DOUBLE_EQ(*numbers().tcp.rtt_ms, 80.0);
  EXPECT_DOUBLE_EQ(*numbers().tcp.sent_again_share, 0.0);
  EXPECT_EQ(numbers().tcp.waiting_bytes, 0U);
}

TEST_F(Measure, AGroupGivesWhatItsChannelsDo) {
  add_group("vm2");
  before.routes["r0"].channels[0].in_bytes = 4 * kMiB;
  channel().in_bytes = 5 * kMiB;
  now.routes["r0"].channels.push_back({.id = 8, .in_bytes = kMiB});  // opened since
  const Looks looks(&before, now);
  EXPECT_DOUBLE_EQ(*measure_group(looks, "vm1").in_bytes_s, kMiB);
  EXPECT_DOUBLE_EQ(*measure_group(looks, "vm2").in_bytes_s, 0);
  EXPECT_FALSE(measure_group(Looks(nullptr, now), "vm1").in_bytes_s);
}

}  // namespace
}  // namespace longthrow::explain::test
