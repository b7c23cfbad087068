// SPDX-License-Identifier: Apache-2.0
#include "proxy/uplink/token_bucket.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

using namespace std::chrono_literals;

TEST(TokenBucket, WithoutARateEverythingMayGo) {
  TokenBucket bucket;
  bucket.sent(1'000'000'000);
  EXPECT_TRUE(bucket.may_send(TimePoint{}));
}

TEST(TokenBucket, KeepsTheRateOverASecondWhateverTheFrameSize) {
  for (const std::uint64_t frame : {1'000ULL, 64'000ULL, 262'144ULL}) {
    TokenBucket bucket;
    bucket.set_rate(1'000'000);
    TimePoint now{10s};
    const TimePoint end = now + 10s;
    std::uint64_t sent = 0;
    while (now < end) {
      if (bucket.may_send(now)) {
        bucket.sent(frame);
        sent += frame;
      } else {
        ASSERT_GT(bucket.ready_at(), now);
        now = bucket.ready_at();
      }
    }
    EXPECT_NEAR(static_cast<double>(sent), 10e6, static_cast<double>(frame) + 20'000) << frame;
  }
}

TEST(TokenBucket, AnIdleTimeBuysNoBurst) {
  TokenBucket bucket;
  bucket.set_rate(1'000'000);
  EXPECT_TRUE(bucket.may_send(TimePoint{1h}));
  std::uint64_t sent = 0;
  while (bucket.may_send(TimePoint{1h})) {
    bucket.sent(1'000);
    sent += 1'000;
  }
  EXPECT_LE(sent, 21'000U);  // 20 ms
}

}  // namespace
}  // namespace longthrow
