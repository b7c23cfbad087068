// SPDX-License-Identifier: Apache-2.0
#include "proxy/events/event_gate.h"

#include <gtest/gtest.h>

#include "proxy/events/event_kinds.h"

namespace longthrow {
namespace {
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class EventGateTest : public ::testing::Test {
 protected:
  static Event of(EventCode code, const std::string& link = "dr") {
    Event event = make_event(code, "text");
    event.link = link;
    return event;
  }
  // Whether it passes.
  bool ask(EventCode code, const std::string& link = "dr") {
    return gate_.ask(now_, of(code, link)).has_value();
  }
  void pass(Duration time) { now_ += time; }

  EventGate gate_;
  TimePoint now_{hours(1000)};
};

TEST_F(EventGateTest, AnEpisodeIsToldWholeOrNotAtAll) {
  bool was_left_out = false;
  for (int i = 0; i < 20; ++i) {
    const bool began = ask(EventCode::link_down);
    EXPECT_EQ(ask(EventCode::link_up), began) << i;
    was_left_out = was_left_out || !began;
    pass(seconds(10));
  }
  EXPECT_TRUE(was_left_out);
}

TEST_F(EventGateTest, ALinkThatFlapsForADayTellsLessThanAHundredEvents) {
  int told = 0;
  std::uint64_t left_out = 0;
  int asked = 0;
  for (Duration time{0}; time < hours(24); time += seconds(20), pass(seconds(20))) {
    for (const EventCode code : {EventCode::link_down, EventCode::link_up}) {
      ++asked;
      if (const auto event = gate_.ask(now_, of(code))) {
        ++told;
        left_out += event->left_out;
      }
    }
    for (const Event& event : gate_.look(now_)) {
      ++told;
      left_out += event.left_out;
    }
  }
  EXPECT_GT(told, 10);
  EXPECT_LT(told, 100);
  pass(hours(1));
  for (const Event& event : gate_.look(now_)) {
    ++told;
    left_out += event.left_out;
    EXPECT_EQ(event.code, EventCode::link_up) << "the last one of them";
  }
  EXPECT_EQ(static_cast<std::uint64_t>(told) + left_out, static_cast<std::uint64_t>(asked))
      << "each is told or counted";
}

TEST_F(EventGateTest, OneLinkDoesNotSilenceAnother) {
  for (int i = 0; i < 50; ++i) (void)ask(EventCode::link_down);
  EXPECT_FALSE(ask(EventCode::link_down));
  EXPECT_TRUE(ask(EventCode::link_down, "other"));
  EXPECT_TRUE(ask(EventCode::buffer_full));
}

TEST_F(EventGateTest, EventsByThemselvesHaveABudgetAndAreCounted) {
  for (std::uint64_t i = 0; i < EventGate::kBurst; ++i) EXPECT_TRUE(ask(EventCode::loss));
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(ask(EventCode::loss));
  pass(EventGate::kEvery);
  const auto event = gate_.ask(now_, of(EventCode::loss));
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->left_out, 7U);
}

TEST_F(EventGateTest, WhatWasKeptOutIsToldThoughNothingMoreComes) {
  for (std::uint64_t i = 0; i < EventGate::kBurst + 3; ++i) (void)ask(EventCode::loss);
  EXPECT_TRUE(gate_.look(now_).empty());
  pass(hours(3));
  const auto told = gate_.look(now_);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().left_out, 2U);
  EXPECT_TRUE(gate_.look(now_).empty());
}

TEST(EventKinds, EachFamilyBeginsWithItsFirstCode) {
  for (const EventKind& kind : kEventKinds) {
    EXPECT_EQ(kind_of(kind.family).family, kind.family) << to_string(kind.code);
    EXPECT_LE(kind.family, kind.code) << to_string(kind.code);
    EXPECT_TRUE(kind.part != EventPart::single || kind.family == kind.code) << to_string(kind.code);
  }
}

}  // namespace
}  // namespace longthrow
