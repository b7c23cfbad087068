// SPDX-License-Identifier: Apache-2.0
#include "proxy/codec/ladder.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/ladder_model.h"

namespace longthrow {
namespace {

using Limit = Ladder::Limit;

std::string describe(const LadderWorld& world, const LadderModel& model) {
  return "link " + std::to_string(world.link_bytes_s / kMega) + " MB/s, workers " +
         std::to_string(world.workers) + ", ends at " + to_string(model.current());
}

class LadderGoodput : public ::testing::TestWithParam<Data> {};

TEST_P(LadderGoodput, IsNearTheBestFixedRungOnEveryLinkAndWorkerCount) {
  for (const int workers : {1, 3}) {
    for (const double link : {0.5, 2.0, 6.0, 12.5, 40.0, 80.0, 125.0, 200.0, 400.0, 1250.0, 8e3}) {
      const LadderWorld world{.data = GetParam(),
                              .link_bytes_s = link * kMega,
                              .workers = workers,
                              .buffer_bytes = 512 * kKiB + static_cast<std::size_t>(link * 1e5)};
      LadderModel model(world);
      model.run(5);
      EXPECT_GE(model.run(10), 0.9 * best_fixed(world)) << describe(world, model);
    }
  }
}

std::string name_of(const ::testing::TestParamInfo<Data>& data) {
  return std::array{"Text", "Zeros", "Random"}[data.index];
}
INSTANTIATE_TEST_SUITE_P(Of, LadderGoodput, ::testing::Values(kText, kZeros, kRandom), name_of);

TEST(Ladder, FastLinkIsNotHeldUpByTheCodec) {
  LadderModel model({.link_bytes_s = 3000 * kMega, .workers = 2});
  model.run(5);
  EXPECT_TRUE(model.current().id != CodecId::zstd) << to_string(model.current());
}

TEST(Ladder, SlowLinkGetsTheBestRatio) {
  LadderModel model({.link_bytes_s = 6.25 * kMega});
  model.run(20);
  EXPECT_EQ(model.current().id, CodecId::zstd);
  EXPECT_GE(model.current().level, 3);
}

TEST(Ladder, IncompressibleDataIsStoredWithinTwoSeconds) {
  for (const double link : {4.0, 100.0, 1250.0}) {
    LadderModel model({.data = kRandom, .link_bytes_s = link * kMega});
    model.run(2.1);
    EXPECT_EQ(model.current().id, CodecId::none) << link;
  }
}

TEST(Ladder, DataThatBecomesCompressibleIsNoticedWithinSeconds) {
  LadderWorld world{.data = kRandom, .link_bytes_s = 6.25 * kMega, .buffer_bytes = 4 * kMiB};
  LadderModel model(world);
  model.run(20);
  model.world.data = world.data = kText;
  model.run(8);
  EXPECT_GE(model.run(10), 0.9 * best_fixed(world)) << describe(world, model);
}

TEST(Ladder, ChangesOfTheLinkRateAreFollowedWithinSeconds) {
  LadderWorld world{.link_bytes_s = 10 * kMega, .workers = 2, .buffer_bytes = 8 * kMiB};
  LadderModel model(world);
  model.run(10);
  for (const double link : {1000.0, 5.0, 150.0, 2000.0, 50.0}) {
    model.world.link_bytes_s = world.link_bytes_s = link * kMega;
    model.run(5);
    EXPECT_GE(model.run(10), 0.9 * best_fixed(world)) << describe(world, model);
  }
}

TEST(Ladder, StaysWhereItIsWhenNothingChanges) {
  for (const double link : {2.0, 12.5, 60.0, 100.0, 125.0, 150.0, 250.0, 300.0, 1250.0}) {
    LadderWorld world{.link_bytes_s = link * kMega};
    LadderModel model(world);
    model.run(20);
    const int before = model.switches();
    model.run(60);
    EXPECT_LE(model.switches() - before, 6) << describe(world, model);
  }
}

TEST(Ladder, LightInputGetsABetterRatioWithinTheCpuCeiling) {
  LadderModel model({.link_bytes_s = 1250 * kMega, .source_bytes_s = 40 * kMega, .workers = 1});
  model.run(10);
  EXPECT_EQ(model.current().id, CodecId::zstd);
  EXPECT_GE(model.current().level, 3);
  EXPECT_LE(model.busy(), 0.65);
  EXPECT_EQ(model.limit(), Limit::none);
}

TEST(Ladder, RisingInputIsNeverHeldBackForARatio) {
  LadderModel model({.link_bytes_s = 1250 * kMega, .source_bytes_s = 20 * kMega, .workers = 1});
  model.run(10);
  model.world.source_bytes_s = 400 * kMega;
  model.run(3);
  EXPECT_GE(model.run(10), 0.97 * 400 * kMega) << to_string(model.current());
}

TEST(Ladder, BurstIsTakenInFasterWhenThatCostsFewBytes) {
  const LadderWorld burst{.link_bytes_s = 6.25 * kMega, .buffer_bytes = 1 * kGiB};
  LadderModel adaptive(burst);
  LadderModel smallest(burst);
  smallest.fix(Ladder::kSpecs.back());
  adaptive.run(6);
  smallest.run(6);
  EXPECT_EQ(adaptive.limit(), Limit::workers);
  EXPECT_GE(adaptive.taken_in(), 1.8 * smallest.taken_in());
}

TEST(Ladder, ProbesAreRare) {
  Ladder ladder;
  int probes = 0;
  TimePoint now{};
  for (int i = 0; i < 4000; ++i) {
    if (i % 40 == 0) {
      now += std::chrono::milliseconds(250);
      ladder.on_interval(
          now,
          {.interval = std::chrono::milliseconds(250), .raw_in_bytes = 10 * kMiB, .busy = 0.2});
    }
    const CodecSpec spec = ladder.choose();
    if (!(spec == ladder.current())) ++probes;
  }
  EXPECT_GT(probes, 10);
  EXPECT_LE(probes, 4000 / 50);
}

TEST(Ladder, TinyFramesAndForeignLevelsTeachNothing) {
  Ladder ladder;
  TimePoint now{};
  const LadderLoad load{.interval = std::chrono::milliseconds(250), .raw_in_bytes = 1 * kMiB};
  for (int i = 0; i < 40; ++i) {
    ladder.on_frame(ladder.current(), 100, 100, std::chrono::seconds(1));
    ladder.on_frame({CodecId::zstd, 15}, 256 * kKiB, 256 * kKiB, std::chrono::seconds(1));
    ladder.on_frame(ladder.current(), 256 * kKiB, 1, Duration(0));
    ladder.on_interval(now += std::chrono::milliseconds(250), load);
  }
  EXPECT_EQ(ladder.current().id, CodecId::zstd);
  EXPECT_GE(ladder.current().level, 1);
}

TEST(Ladder, BypassedFramesLeaveTheRungToWhatIsTried) {
  Ladder ladder;
  TimePoint now{};
  for (int i = 0; i < 400; ++i) {
    for (int j = 0; j < 9; ++j) ladder.on_bypass(256 * kKiB);
    const CodecSpec spec = ladder.choose();
    ladder.on_frame(spec, 256 * kKiB, 64 * kKiB, std::chrono::milliseconds(1));
    if (i % 10 == 9) {
      now += std::chrono::milliseconds(250);
      ladder.on_interval(now, {.interval = std::chrono::milliseconds(250),
                               .raw_in_bytes = 25 * kMiB,
                               .busy = 0.05,
                               .wire_backlog_bytes = 50 * kMiB,
                               .wire_out_bytes = 5 * kMiB});
    }
  }
  EXPECT_NE(ladder.current().id, CodecId::none);
}

TEST(Ladder, LinkThatIsDownTeachesNothingOfItsRate) {
  LadderWorld world{.link_bytes_s = 6.25 * kMega, .workers = 1};
  LadderModel model(world);
  model.run(20);
  const CodecSpec before = model.current();
  model.world.link_bytes_s = 0;
  model.run(20);
  model.world.link_bytes_s = world.link_bytes_s;
  model.run(1);
  EXPECT_EQ(to_string(model.current()), to_string(before));
}

}  // namespace
}  // namespace longthrow
