// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/hole_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace longthrow {
namespace {

using namespace std::chrono_literals;

class Holes : public ::testing::Test {
 protected:
  void tick(std::vector<HoleWatch::Lane> lanes, int times = 1) {
    for (int i = 0; i < times; ++i) watch_.on_tick(1s, lanes);
  }
  HoleWatch watch_;
  int a_ = 0;
  int b_ = 0;
};

TEST_F(Holes, BytesThatAreNeverAcknowledged) {
  tick({{&a_, 900, 60'000}}, 14);
  EXPECT_FALSE(watch_.stuck());
  tick({{&a_, 900, 60'000}});
  EXPECT_TRUE(watch_.stuck());
}
TEST_F(Holes, ALaneThatIsDialledAnewChangesNothing) {
  tick({{&a_, 900, 60'000}}, 10);
  tick({});
  tick({{&b_, 800, 60'000}}, 5);
  EXPECT_TRUE(watch_.stuck());
  tick({{&b_, 0, 60'000}});  // another in the same place
  EXPECT_TRUE(watch_.stuck());
}
TEST_F(Holes, ASlowLaneIsNoHole) {
  for (std::uint64_t acknowledged = 0; acknowledged < 60'000; acknowledged += 500) {
    tick({{&a_, acknowledged, 60'000}, {&b_, 900, 60'000}});
    EXPECT_FALSE(watch_.stuck()) << acknowledged;
  }
}
TEST_F(Holes, HeartbeatsAreNoProgress) {
  for (std::uint64_t i = 0; i < 20; ++i) tick({{&a_, 900 + 60 * i, 60'000}});
  EXPECT_TRUE(watch_.stuck());
}
TEST_F(Holes, ProgressAndAnEmptyBufferEndIt) {
  tick({{&a_, 900, 60'000}}, 20);
  tick({{&a_, 30'900, 30'000}});
  EXPECT_FALSE(watch_.stuck());
  tick({{&a_, 30'900, 30'000}}, 20);
  EXPECT_TRUE(watch_.stuck());
  watch_.on_empty();
  EXPECT_FALSE(watch_.stuck());
}
TEST_F(Holes, NothingUnderWayIsNoHole) {
  tick({{&a_, 900, 0}}, 60);
  EXPECT_FALSE(watch_.stuck()) << "as when the peer gives no credit";
}

}  // namespace
}  // namespace longthrow
