// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/refusal_log.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class Refusals : public ::testing::Test {
 protected:
  bool refuse(const std::string& reason, const std::string& remote = "192.0.2.1:4711") {
    return log_.take(now_, remote, reason);
  }
  RefusalLog log_;
  TimePoint now_{};
};

TEST_F(Refusals, SameReasonOfAHostIsSaidOnce) {
  EXPECT_TRUE(refuse("wrong key"));
  EXPECT_FALSE(refuse("wrong key", "192.0.2.1:4712"));
  EXPECT_TRUE(refuse("wrong key", "192.0.2.2:4711"));
}

TEST_F(Refusals, HostThatSaysEverNewThingsGetsAFewLines) {
  int lines = 0;
  for (int i = 0; i < 100; ++i) lines += refuse(std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(lines, 4);
}

TEST_F(Refusals, SameReasonAllDayIsSaidEverLessOften) {
  int lines = 0;
  for (; now_ < TimePoint(hours(24)); now_ += seconds(10)) lines += refuse("wrong key") ? 1 : 0;
  EXPECT_GT(lines, 10);
  EXPECT_LT(lines, 25);
}

TEST_F(Refusals, NewReasonIsSaidAfterAnInterval) {
  EXPECT_TRUE(refuse("wrong key"));
  now_ += minutes(1);
  EXPECT_TRUE(refuse("not TLS"));
}

TEST_F(Refusals, ScanFromEverNewHostsKeepsNoMoreThanItsLimit) {
  for (int i = 0; i < 5000; ++i)
    EXPECT_TRUE(refuse("not TLS", "2001:db8::" + std::to_string(i) + ":1"));
}

}  // namespace
}  // namespace longthrow
