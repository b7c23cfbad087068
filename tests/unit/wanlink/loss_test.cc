// SPDX-License-Identifier: Apache-2.0
#include "tools/wanlink/loss.h"

#include <gtest/gtest.h>

#include <vector>

namespace longthrow::wanlink {
namespace {

std::vector<bool> fates(const DirectionSettings& settings, std::uint64_t seed,
                        int count = 200'000) {
  LossModel model(seed);
  std::vector<bool> lost;
  for (int i = 0; i < count; ++i) lost.push_back(model.loses(settings));
  return lost;
}

double share(const std::vector<bool>& lost) {
  return static_cast<double>(std::count(lost.begin(), lost.end(), true)) /
         static_cast<double>(lost.size());
}

double mean_burst(const std::vector<bool>& lost) {
  int losses = 0;
  int bursts = 0;
  for (std::size_t i = 0; i < lost.size(); ++i) {
    losses += lost[i];
    bursts += lost[i] && (i == 0 || !lost[i - 1]);
  }
  return static_cast<double>(losses) / bursts;
}

TEST(LossModel, NothingIsLostWithoutLoss) { EXPECT_EQ(share(fates({}, 1)), 0.0); }

TEST(LossModel, EverythingIsLostAtOne) { EXPECT_EQ(share(fates({.loss = 1.0}, 1)), 1.0); }

TEST(LossModel, BernoulliLosesItsShareAlone) {
  const auto lost = fates({.loss = 0.01}, 1);
  EXPECT_NEAR(share(lost), 0.01, 0.001);
  EXPECT_NEAR(mean_burst(lost), 1.01, 0.05);
}

TEST(LossModel, GilbertLosesInBurstsOfTheGivenLength) {
  const auto lost = fates({.burst = {.enter = 0.002, .leave = 0.2}}, 1);
  EXPECT_NEAR(share(lost), 0.002 / 0.202, 0.0015);
  EXPECT_NEAR(mean_burst(lost), 5.0, 0.5);
}

TEST(LossModel, ElliottLosesOnlyAPartOfABurst) {
  const auto lost = fates({.burst = {.enter = 0.01, .leave = 0.1, .loss = 0.5}}, 1);
  EXPECT_NEAR(share(lost), 0.5 * 0.01 / 0.11, 0.004);
}

TEST(LossModel, SameSeedSameFate) {
  EXPECT_EQ(fates({.loss = 0.1}, 5, 1000), fates({.loss = 0.1}, 5, 1000));
  EXPECT_NE(fates({.loss = 0.1}, 5, 1000), fates({.loss = 0.1}, 6, 1000));
}

}  // namespace
}  // namespace longthrow::wanlink
