// SPDX-License-Identifier: Apache-2.0
#include "proxy/cuts/cut_taker.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kA = 1;
constexpr std::uint64_t kB = 2;

class CutTakerTest : public ::testing::Test {
 protected:
  CutTakerTest() {
    taker_.add(kA);
    taker_.add(kB);
  }

  void pass(Duration time) { now_ += time; }
  void bytes() { taker_.on_bytes(now_); }
  CutStep step() { return taker_.poll(now_); }
  // Waits until the taker wants something, at most until `time` has passed.
  CutStep step_within(Duration time) {
    const TimePoint until = now_ + time;
    while (step() == CutStep::wait && taker_.next_timeout() <= until) now_ = taker_.next_timeout();
    return step();
  }
  void ask() {
    ASSERT_EQ(step_within(milliseconds(100)), CutStep::ask_sources);
    taker_.on_asked();
  }
  // The sources rest at these positions.
  std::optional<Cut> answer(std::uint64_t a, std::uint64_t b, Duration took = Duration{0}) {
    std::vector<SourceReading> readings;
    for (int i = 0; i < 3; ++i) {
      readings.push_back({.channel = kA, .state = SourceState::open, .acknowledged = a});
      readings.push_back({.channel = kB, .state = SourceState::open, .acknowledged = b});
    }
    const TimePoint began = now_;
    now_ += took;
    return taker_.on_sources(now_, {readings, began, now_});
  }
  std::optional<Cut> fail(SourceState state) {
    const std::vector<SourceReading> readings{{.channel = kA, .state = state},
                                              {.channel = kB, .state = SourceState::open}};
    return taker_.on_sources(now_, {readings, now_, now_});
  }
  static CutTaker::Offsets at(std::uint64_t a, std::uint64_t b) { return {{kA, a}, {kB, b}}; }
  static void expect(const std::optional<Cut>& cut, Proof proof, std::uint64_t a, std::uint64_t b) {
    ASSERT_TRUE(cut.has_value());
    EXPECT_EQ(cut->proof, proof);
    EXPECT_EQ(cut->offsets, at(a, b));
  }

  CutTaker taker_{CutRhythm{}};
  TimePoint now_{std::chrono::seconds(1000)};
};

TEST_F(CutTakerTest, AnIdleGroupTakesNoCuts) {
  EXPECT_EQ(step(), CutStep::wait);
  EXPECT_EQ(taker_.next_timeout(), kNever);
}

TEST_F(CutTakerTest, TheFirstBytesAreCutAtOnceAndLaterOnesAtTheInterval) {
  bytes();
  ask();
  const TimePoint began = now_;
  const auto cut = answer(10, 0, milliseconds(1));
  expect(cut, Proof::source, 10, 0);
  EXPECT_EQ(cut->as_of, began);
  EXPECT_EQ(taker_.next_timeout(), kNever);
  pass(milliseconds(5));
  bytes();
  EXPECT_EQ(step(), CutStep::wait);
  EXPECT_EQ(taker_.next_timeout(), began + milliseconds(1 + 50));
  ask();
  expect(answer(20, 5), Proof::source, 20, 5);
  EXPECT_EQ(taker_.counts().source, 2U);
}

TEST_F(CutTakerTest, BytesThatComeWhileSourcesAreReadMakeAnotherCutDue) {
  bytes();
  ask();
  bytes();
  expect(answer(10, 0), Proof::source, 10, 0);
  ask();
}

TEST_F(CutTakerTest, BytesThatAreInTheLastCutAlreadyMakeNoEpoch) {
  bytes();
  ask();
  bytes();
  expect(answer(10, 0), Proof::source, 10, 0);  // its sources were ahead of what had come
  ask();
  EXPECT_FALSE(answer(10, 0).has_value());
  EXPECT_EQ(taker_.next_timeout(), kNever);
  EXPECT_EQ(taker_.counts().source, 1U);
}

TEST_F(CutTakerTest, AttemptsPauseEverLongerAndEndUnprovenAtTheDeadline) {
  bytes();
  const TimePoint due = now_;
  std::vector<Duration> pauses;
  std::uint64_t moving = 10;
  while (step_within(std::chrono::seconds(3)) == CutStep::ask_sources) {
    taker_.on_asked();
    const TimePoint asked = now_;
    EXPECT_FALSE(
        taker_
            .on_sources(now_,
                        {std::vector<SourceReading>{
                             {.channel = kA, .state = SourceState::open, .acknowledged = moving},
                             {.channel = kB, .state = SourceState::open, .acknowledged = moving}},
                         now_, now_})
            .has_value());
    moving += 10;
    now_ = taker_.next_timeout();
    pauses.push_back(now_ - asked);
  }
  EXPECT_EQ(step(), CutStep::give_up);
  EXPECT_EQ(now_, due + std::chrono::seconds(2));
  ASSERT_GT(pauses.size(), 6U);
  EXPECT_EQ(pauses[0], milliseconds(1));
  EXPECT_EQ(pauses[1], milliseconds(2));
  EXPECT_EQ(pauses[6], CutTaker::kPauseLast);
  EXPECT_EQ(taker_.obstacle()->obstacle, CutObstacle::moving);
  expect(taker_.on_given_up(now_, at(7, 8)), Proof::none, 7, 8);
  EXPECT_EQ(taker_.counts().unproven, 1U);
  EXPECT_EQ(taker_.next_timeout(), kNever);
}

TEST_F(CutTakerTest, ACollectThatTookLongIsFollowedByALongPause) {
  bytes();
  ask();
  EXPECT_FALSE(taker_.on_sources(now_, {{}, now_ - milliseconds(30), now_}).has_value());
  EXPECT_EQ(taker_.next_timeout(), now_ + milliseconds(30 * CutTaker::kPauseTimes));
}

TEST_F(CutTakerTest, ACollectThatDoesNotComeBackHoldsNoEpochOpen) {
  bytes();
  ask();
  EXPECT_EQ(step(), CutStep::wait);
  EXPECT_EQ(step_within(std::chrono::seconds(3)), CutStep::give_up);
  expect(taker_.on_given_up(now_, at(7, 8)), Proof::none, 7, 8);
  bytes();
  pass(milliseconds(100));
  EXPECT_EQ(step(), CutStep::wait);        // one in flight
  EXPECT_FALSE(answer(6, 8).has_value());  // of an earlier epoch
  ask();
  expect(answer(9, 8), Proof::source, 9, 8);
}

TEST_F(CutTakerTest, AnUnprovenCutIsNeverBehindTheOneBefore) {
  bytes();
  ask();
  bytes();
  expect(answer(100, 50), Proof::source, 100, 50);  // not all of it has come yet
  EXPECT_EQ(step_within(milliseconds(100)), CutStep::ask_sources);
  pass(std::chrono::seconds(3));
  EXPECT_EQ(step(), CutStep::give_up);
  expect(taker_.on_given_up(now_, at(80, 60)), Proof::none, 100, 60);
}

TEST_F(CutTakerTest, ASourceOnAnotherHostGivesObservedCuts) {
  bytes();
  ask();
  EXPECT_FALSE(fail(SourceState::elsewhere).has_value());
  ASSERT_EQ(step_within(milliseconds(100)), CutStep::ask_received);
  EXPECT_FALSE(taker_.on_received(now_, at(10, 20)).has_value());
  ASSERT_EQ(step_within(milliseconds(100)), CutStep::ask_received);
  EXPECT_FALSE(taker_.on_received(now_, at(10, 30)).has_value());
  const TimePoint first = now_;
  ASSERT_EQ(step_within(milliseconds(100)), CutStep::ask_received);
  const auto cut = taker_.on_received(now_, at(10, 30));
  expect(cut, Proof::observed, 10, 30);
  EXPECT_EQ(cut->as_of, first);
  EXPECT_EQ(taker_.counts().observed, 1U);
}

TEST_F(CutTakerTest, ASourceThatIsGoneIsWaitedFor) {
  bytes();
  ask();
  EXPECT_FALSE(fail(SourceState::gone).has_value());
  EXPECT_EQ(taker_.obstacle()->state, SourceState::gone);
  ask();
  EXPECT_FALSE(fail(SourceState::gone).has_value());
  taker_.end(kA, 12);
  ask();
  expect(answer(0, 3), Proof::source, 12, 3);
}

TEST_F(CutTakerTest, AChangeOfMembersMakesACollectVoidAndTriesTheSourcesAgain) {
  bytes();
  ask();
  taker_.add(3, 1000);
  EXPECT_FALSE(answer(10, 20).has_value());
  ask();
  EXPECT_FALSE(fail(SourceState::elsewhere).has_value());
  EXPECT_EQ(step_within(milliseconds(100)), CutStep::ask_received);
  taker_.remove(3);
  ask();
  expect(answer(10, 20), Proof::source, 10, 20);
}

TEST_F(CutTakerTest, AMemberThatJoinsCountsFromItsFirstOffset) {
  taker_.add(3, 1000);
  const Cut cut = taker_.on_frozen(now_, at(1, 2));
  EXPECT_EQ(cut.offsets, (CutTaker::Offsets{{kA, 1}, {kB, 2}, {3, 1000}}));
}

TEST_F(CutTakerTest, AFrozenCutIsTakenAtAnyTime) {
  bytes();
  ask();
  expect(taker_.on_frozen(now_, at(5, 6)), Proof::freeze, 5, 6);
  EXPECT_EQ(taker_.counts().freeze, 1U);
  EXPECT_FALSE(answer(5, 6).has_value());
  EXPECT_EQ(taker_.next_timeout(), kNever);
}

}  // namespace
}  // namespace longthrow
