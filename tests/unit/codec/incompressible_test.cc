// SPDX-License-Identifier: Apache-2.0
#include "proxy/codec/incompressible.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/sample_data.h"

namespace longthrow {
namespace {

constexpr std::size_t kFrame = 256 * kKiB;

TEST(LooksRandom, RandomBytesOfEverySizeDo) {
  int missed = 0;
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    if (!looks_random(random_bytes(256 + seed * 400, seed))) ++missed;
  }
  EXPECT_LE(missed, 1);
}

TEST(LooksRandom, PlainDataDoesNot) {
  EXPECT_FALSE(looks_random(text_bytes(kFrame)));
  EXPECT_FALSE(looks_random(zero_bytes(kFrame)));
  EXPECT_FALSE(looks_random(random_bytes(255)));
  EXPECT_FALSE(looks_random({}));
  Bytes base64 = random_bytes(kFrame);
  for (std::byte& byte : base64) byte = byte & std::byte{63};
  EXPECT_FALSE(looks_random(base64));
}

TEST(LooksRandom, RandomBytesWithAnEighthOfZerosDoNot) {
  for (std::size_t begin = 0; begin < kFrame; begin += kFrame / 8) {
    Bytes mixed = random_bytes(kFrame);
    std::fill_n(mixed.begin() + static_cast<long>(begin), kFrame / 8, std::byte{0});
    EXPECT_FALSE(looks_random(mixed)) << begin;
  }
}

class Guard : public ::testing::Test {
 protected:
  // Of `frames` like `raw`, each tried one compressing or not: how many were tried.
  int tried(const Bytes& raw, int frames, bool compresses) {
    int count = 0;
    for (int i = 0; i < frames; ++i) {
      if (!guard_.worth_trying(raw)) continue;
      ++count;
      guard_.on_result(raw.size(), compresses ? raw.size() / 3 : 0);
    }
    return count;
  }
  IncompressibleGuard guard_;
  const Bytes random_ = random_bytes(kFrame);
  const Bytes text_ = text_bytes(kFrame);
};

TEST_F(Guard, CompressibleDataIsAlwaysTried) { EXPECT_EQ(tried(text_, 100, true), 100); }

TEST_F(Guard, RandomDataIsTriedEverMoreRarely) {
  EXPECT_EQ(tried(random_, 8 + 1 + 2 + 4 + 8 + 16 + 32 + 64, false), 8);
  EXPECT_TRUE(guard_.skipping());
  EXPECT_LE(tried(random_, 6500, false), 101);
  EXPECT_GE(tried(random_, 6500, false), 99);
}

TEST_F(Guard, DataThatDoesNotLookRandomIsTriedAtOnceAfterManyFailures) {
  tried(random_, 500, false);
  EXPECT_EQ(tried(text_, 10, true), 10);
  EXPECT_FALSE(guard_.skipping());
}

TEST_F(Guard, RepeatsThatLookRandomAreFoundByTheNextTry) {
  tried(random_, 500, false);
  EXPECT_GE(tried(random_, 200, true), 200 - 65);
}

TEST_F(Guard, GainOfLessThanAThirtySecondIsAFailure) {
  guard_.on_result(3200, 3101);
  EXPECT_TRUE(guard_.skipping());
  guard_.on_result(3200, 3100);
  EXPECT_FALSE(guard_.skipping());
}

TEST_F(Guard, LateFailuresOfFramesInFlightCountOnce) {
  for (int i = 0; i < 8; ++i) guard_.on_result(kFrame, 0);
  EXPECT_FALSE(guard_.worth_trying(random_));
  EXPECT_TRUE(guard_.worth_trying(random_));
}

}  // namespace
}  // namespace longthrow
