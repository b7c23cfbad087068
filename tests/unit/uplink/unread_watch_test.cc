// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/unread_watch.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

using std::chrono::seconds;

class UnreadWatchTest : public ::testing::Test {
 protected:
  Duration after(Duration time, std::uint64_t acknowledged, std::uint64_t waiting) {
    now_ += time;
    return watch_.observe(now_, {acknowledged, waiting});
  }
  TimePoint now_{seconds(1000)};
  UnreadWatch watch_;
};

TEST_F(UnreadWatchTest, CountsWhileSomethingWaitsAndNothingIsTaken) {
  EXPECT_EQ(after(seconds(0), 100, 50), seconds(0));
  EXPECT_EQ(after(seconds(3), 100, 60), seconds(3));
  EXPECT_EQ(after(seconds(4), 100, 60), seconds(7));
}

TEST_F(UnreadWatchTest, AByteThatIsTakenBeginsAnew) {
  (void)after(seconds(0), 100, 50);
  (void)after(seconds(9), 100, 50);
  EXPECT_EQ(after(seconds(1), 101, 49), seconds(0));
  EXPECT_EQ(after(seconds(5), 101, 49), seconds(5));
}

TEST_F(UnreadWatchTest, NothingToTakeIsNoSilence) {
  (void)after(seconds(0), 100, 0);
  EXPECT_EQ(after(seconds(60), 100, 0), seconds(0));
  EXPECT_EQ(after(seconds(1), 100, 10), seconds(1));
}

}  // namespace
}  // namespace longthrow
