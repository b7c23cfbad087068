// SPDX-License-Identifier: Apache-2.0
// What a watch of two real nodes' status tells of what happens to them.
#include "proxy/events/status_watch.h"
#include "tests/sim/pair_fixture.h"

namespace longthrow::sim {
namespace {
using std::chrono::minutes;
using std::chrono::seconds;

class PairEvents : public PairFixture {
 protected:
  // Runs, and looks at node 0 every second; the codes, without those of the first look.
  std::string watch(Duration time) {
    std::string codes;
    for (Duration passed{0}; passed < time; passed += seconds(1)) {
      run(seconds(1));
      for (const Event& event : watch_.look(status(0), WallTime(world.now() - TimePoint{}))) {
        codes += (codes.empty() ? "" : " ") + std::string(to_string(event.code));
        last_ = event;
      }
    }
    return codes;
  }

  StatusWatch watch_;
  Event last_;
};

TEST_F(PairEvents, ACutIsTwoEventsAndAFullBufferTwoMore) {
  plan.wan.bandwidth_bytes_s = 2 * kMiB;
  start();
  EXPECT_EQ(watch(seconds(3)), "node_started link_up");
  source({.bytes = 40 * kMiB, .compressible = false, .ending = SourceEnding::hold});
  cut(minutes(2));
  EXPECT_EQ(watch(minutes(1)), "buffer_full link_down");
  EXPECT_EQ(watch(minutes(4)), "link_up buffer_normal");
}

TEST_F(PairEvents, AHoldAPauseAndATakeover) {
  start();
  (void)watch(seconds(3));
  (void)command(0, Drain{.group = "g", .hold = true});
  EXPECT_EQ(watch(seconds(3)), "held");
  (void)command(0, Resume{.name = "g"});
  EXPECT_EQ(watch(seconds(3)), "hold_ended");
  (void)command(0, Pause{.link = "wan"});
  EXPECT_EQ(watch(seconds(3)), "link_down paused");
  (void)command(0, Resume{.name = "wan"});
  EXPECT_EQ(watch(seconds(30)), "link_up resumed");
  (void)command(0, Takeover{.name = "g", .force = true});
  EXPECT_EQ(watch(seconds(3)), "fenced");
  EXPECT_EQ(last_.group, "g");
  (void)command(0, Release{.name = "g"});
  EXPECT_EQ(watch(seconds(3)), "released");
}

TEST_F(PairEvents, APeerThatDiesWithBytesIsALossAndACopyThatIsNotConsistent) {
  plan.wan.bandwidth_bytes_s = 64 * kKiB;
  start();
  (void)watch(seconds(3));
  source({.bytes = 4 * kMiB, .compressible = false, .ending = SourceEnding::hold});
  (void)watch(seconds(5));
  kill(1);
  run(seconds(1));
  cluster->start(1);
  const std::string codes = watch(seconds(40));
  EXPECT_NE(codes.find("link_down"), std::string::npos) << codes;
  EXPECT_NE(codes.find("link_up"), std::string::npos) << codes;
  EXPECT_NE(codes.find("not_consistent"), std::string::npos) << codes;
}

}  // namespace
}  // namespace longthrow::sim
